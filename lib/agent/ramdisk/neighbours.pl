#!/bin/perl
# neighbours.pl FILE SECONDS INTERFACE…: what the neighbours on the cables say by LLDP (IEEE 802.1AB) goes to FILE, a JSON object
# for each interface that has heard one, with commas between them: when every interface has, or when the time is over, since a
# switch speaks every 30 s. Then it stays: a child that ends interrupts a shell that is opening a pipe, and that shell is init.
# Without any module: of Perl the ramdisk has the program alone.
my ($file, $seconds, @names) = @ARGV;
my ($packets, $raw, $lldp) = (17, 3, 0x88cc); # AF_PACKET, SOCK_RAW, the protocol's number
my ($of_packets, $join, $all_groups) = (263, 1, 2); # SOL_PACKET, PACKET_ADD_MEMBERSHIP, PACKET_MR_ALLMULTI

sub first_line {
  open(my $file, '<', $_[0]) or return '';
  my $line = <$file> // '';
  chomp $line;
  return $line;
}

my (%ears, %heard);
for my $name (@names) {
  my $index = first_line("/sys/class/net/$name/ifindex");
  socket(my $ear, $packets, $raw, unpack('S', pack('n', $lldp))) or next;
  setsockopt($ear, $of_packets, $join, pack('iSSa8', $index, $all_groups, 0, ''));
  bind($ear, pack('SniSCCa8', $packets, $lldp, $index, 0, 0, 0, '')) or next;
  $ears{$name} = $ear;
}

# In one spelling: a MAC and an IPv4 address as people write them, anything else as it stands, without what JSON would escape.
sub said {
  my ($value, $mac_kind, $address_kind) = @_;
  my ($kind, $bytes) = unpack('Ca*', $value);
  return join(':', map { sprintf '%02x', $_ } unpack('C*', $bytes)) if $kind == $mac_kind && length($bytes) == 6;
  return join('.', unpack('xC4', $bytes)) if $kind == $address_kind && length($bytes) == 5;
  return text($bytes);
}

sub text {
  my ($bytes) = @_;
  $bytes =~ s/[^a-zA-Z0-9 ._:\/+()@#,-]//g;
  return substr($bytes, 0, 120);
}

# Null where the frame does not say who and where: both are mandatory.
sub neighbour {
  my ($name, $frame) = @_;
  my ($at, $chassis, $port, $system) = (14, '', '', '');
  while ($at + 2 <= length $frame) {
    my $head = unpack('n', substr($frame, $at, 2));
    my ($type, $length) = ($head >> 9, $head & 511);
    my $value = substr($frame, $at + 2, $length);
    last if $type == 0 || length($value) < $length;
    $chassis = said($value, 4, 5) if $type == 1 && $length > 1;
    $port = said($value, 3, 4) if $type == 2 && $length > 1;
    $system = text($value) if $type == 5;
    $at += 2 + $length;
  }
  return undef if $chassis eq '' || $port eq '';
  my $mac = first_line("/sys/class/net/$name/address");
  my $called = $system eq '' ? '' : qq(,"systemName":"$system");
  return qq({"mac":"$mac","chassis":"$chassis","port":"$port"$called});
}

my $end = time() + $seconds;
while (keys %heard < keys %ears) {
  my $left = $end - time();
  last if $left <= 0;
  my $ready = '';
  vec($ready, fileno($ears{$_}), 1) = 1 for keys %ears;
  next if select($ready, undef, undef, $left) <= 0;
  for my $name (keys %ears) {
    next unless vec($ready, fileno($ears{$name}), 1);
    next unless defined recv($ears{$name}, my $frame, 2048, 0);
    my $found = neighbour($name, $frame);
    $heard{$name} = $found if defined $found;
  }
}
if (open(my $found, '>', "$file.part")) {
  print $found join(',', map { $heard{$_} } sort keys %heard), "\n";
  close $found;
  rename "$file.part", $file;
}
sleep;
