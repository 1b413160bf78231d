/** A cluster on a NATS server: the members that use subjects of the same name. The server stores nothing. */
import { decode, encode } from '../codec.js';
import type { WorkerInfo } from '../executor.js';
import { admitWorker } from './admit.js';
import type { Nats } from './library.js';
import { type Connection, Link, pause } from './link.js';
import { Values } from './values.js';
import { type Subjects, subjectsOf } from './wire.js';

export class Cluster {
  readonly link: Link;
  /** The address without credentials, for messages. */
  readonly url: string;
  readonly subjects: Subjects;
  readonly values: Values;
  readonly #nats: Nats;

  constructor(nats: Nats, connection: Connection, { address, cluster }: { address: string; cluster: string }) {
    this.#nats = nats;
    this.url = address;
    this.link = new Link(connection);
    this.subjects = subjectsOf(cluster);
    this.values = new Values(this.link, this.subjects);
  }

  /** Ends the connection. */
  close(): Promise<void> {
    return this.link.connection.close();
  }

  /** The workers that answer within `milliseconds`. */
  async workers(milliseconds = 500): Promise<WorkerInfo[]> {
    const reply = this.#nats.createInbox();
    const found: WorkerInfo[] = [];
    // What another program answers is ignored.
    const answers = this.link.hear(reply, (data) => void found.push(admitWorker(decode(data))));
    this.link.publish(this.subjects.ping, encode(null), reply);
    await pause(milliseconds);
    if (!this.link.connection.isClosed()) answers.unsubscribe();
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}
