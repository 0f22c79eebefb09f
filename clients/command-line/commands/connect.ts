import { command } from "../command.ts";
import { exits, FailedError, UsageError } from "../exit.ts";
import { sshLine, sshWords } from "../ssh.ts";

export const connect = command({
  name: "connect",
  is: "print how to reach the nodes of a reservation with ssh",
  takes: ["ID"],
  options: {
    node: { value: "NODE", is: "only this node" },
    identity: { value: "FILE", is: "the private key, for ssh -i" },
    exec: { is: "run ssh; the exit code is that of ssh" },
  },
  async run(context, given) {
    const id = given.argument(0);
    const { state, connections } = await context.client.call("getReservationsById", { id });
    if (connections.length === 0) throw new FailedError(`${id} has no nodes to reach: it is ${state}`);
    const node = given.text("node");
    const wanted = connections.filter((each) => node === undefined || each.node === node);
    const [first] = wanted;
    if (first === undefined)
      throw new UsageError(
        `--node: ${id} has ${connections.map((each) => each.node).join(", ")}, not ${node}`,
      );
    const wordsOf = (connection: typeof first) => sshWords(connection, id, given.text("identity"));
    if (given.flag("exec")) {
      if (wanted.length > 1)
        throw new UsageError(`--exec: name one with --node: ${wanted.map((each) => each.node).join(", ")}`);
      return context.surroundings.runProgram("ssh", wordsOf(first));
    }
    context.show(wanted, () => wanted.map((each) => `${each.node}: ${sshLine(wordsOf(each))}`));
    return exits.done;
  },
});
