/** Where the embedded DynamoDB's program is. It comes inside a package, for the platforms that there is one for. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";

export interface DynamoDbProgram {
  readonly file: string;
  readonly parameters: (port: number, database: string) => readonly string[];
}

/** Throws with what to do where no program fits this machine. */
export function dynamoDbProgram(): DynamoDbProgram {
  const name = `@dynoxide/${process.platform}-${process.arch}`;
  const missing = new Error(
    `there is no embedded DynamoDB for ${process.platform}-${process.arch}: start DynamoDB Local and set DYNAMODB_ENDPOINT to its address`,
  );
  let folder: string;
  try {
    folder = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
  } catch (cause) {
    throw new Error(missing.message, { cause });
  }
  const file = join(folder, "dynoxide");
  if (!existsSync(file)) throw missing;
  return {
    file,
    parameters: (port, database) => ["serve", "--port", String(port), "--db-path", database],
  };
}

/**
 * The program finds a place in a table's stream by reading all of it, so that every write and every poll costs more with
 * every record that it keeps: a write 0.9 ms of CPU at first and 2 ms after 3,000 records. With this index it stays at 0.6 ms.
 * It also keeps records for ever, where DynamoDB drops them after a day. The last one stays: numbers are counted on from it.
 */
export function tendStream(database: string): void {
  const file = new DatabaseSync(database, { timeout: 5_000 });
  try {
    file.exec(
      `CREATE INDEX IF NOT EXISTS rackwright_stream ON _stream_records (table_name, CAST(sequence_number AS INTEGER));
       DELETE FROM _stream_records WHERE created_at < unixepoch() - 86400
         AND id < (SELECT MAX(id) FROM _stream_records);`,
    );
  } finally {
    file.close();
  }
}
