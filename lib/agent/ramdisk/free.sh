# To be sourced.

# PIECE_BYTES: numbers of the pieces of a disk in which no file has anything, in order. On standard input, for each partition,
# `@` with the sector at which it begins, and what dumpe2fs says of its file system, if it is one.
free_pieces() {
  awk -v piece="$1" '
    function flush(i) { for (i = int((from + piece - 1) / piece); (i + 1) * piece <= to; i++) print i; from = to = 0 }
    /^@ / { flush(); start = $2 * 512; block = 0 }
    /^Block size:/ { block = $3 }
    # There the numbers are those of clusters.
    /^Cluster size:/ { block = 0 }
    /^  Free blocks: [0-9]/ && block > 0 {
      sub(/^  Free blocks: /, "")
      count = split($0, ranges, ", ")
      for (n = 1; n <= count; n++) {
        last = split(ranges[n], ends, "-")
        if (start + ends[1] * block != to) { flush(); from = start + ends[1] * block }
        to = start + (ends[last] + 1) * block
      }
    }
    END { flush() }' | sort -n
}
