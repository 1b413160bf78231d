/** A cluster on a NATS server: the members that use subjects of the same name. The server stores nothing. */
import { decode, encode } from '../codec.js';
import type { WorkerInfo } from '../executor.js';
import { admitWorker } from './admit.js';
import type { Checked, Nats } from './library.js';
import { type Connection, Link, pause } from './link.js';
import type { ClusterRun } from './options.js';
import { Values } from './values.js';
import { type Beacon, type Cancel, readBeacon, type Subjects, subjectsOf } from './wire.js';

export class Cluster {
  readonly link: Link;
  /** The address without credentials, for messages. */
  readonly url: string;
  readonly subjects: Subjects;
  readonly values: Values;
  readonly #nats: Nats;

  constructor(
    nats: Nats,
    connection: Connection,
    { address, cluster, account }: Pick<Checked, 'address' | 'cluster' | 'account'>,
  ) {
    this.#nats = nats;
    this.url = address;
    this.link = new Link(connection, account);
    this.subjects = subjectsOf(cluster);
    this.values = new Values(this.link, this.subjects);
  }

  /** Ends the connection. */
  close(): Promise<void> {
    return this.link.connection.close();
  }

  /** The runs whose clients report within `milliseconds`; they do each second. Throws `Argument` without the permission. */
  async runs(milliseconds = 2500): Promise<ClusterRun[]> {
    const found = new Map<string, { readonly since: number; readonly first: Beacon; last: Beacon; at: number }>();
    const hearing = this.link.hear(this.subjects.runs, (data) => {
      const beacon = readBeacon(data);
      const known = found.get(beacon.run);
      const now = performance.now();
      if (beacon.over) found.delete(beacon.run);
      else if (known) Object.assign(known, { last: beacon, at: now });
      else found.set(beacon.run, { since: now, first: beacon, last: beacon, at: now });
    });
    this.link.publish(this.subjects.who);
    await this.link.permitted({ publish: [this.subjects.who], subscribe: [this.subjects.runs] });
    await pause(milliseconds);
    if (!this.link.connection.isClosed()) hearing.unsubscribe();
    return [...found.values()]
      .map(({ since, first, last, at }) => {
        const { run, client, build, weight, waiting, held, done, waits } = last;
        const rate = at > since ? (1000 * (done - first.done)) / (at - since) : 0;
        return { run, client, build, weight, waiting, held, done, rate, waits };
      })
      .sort((a, b) => (a.run < b.run ? -1 : 1));
  }

  /** Asks the client of a run to end it; false without such a client. */
  async cancel(run: string, by: string): Promise<boolean> {
    const subject = this.subjects.run(run);
    // The server itself answers if nobody listens.
    const answer = await this.link.ask(subject, undefined, 2000);
    await this.link.permitted({ publish: [subject], subscribe: [] });
    if (answer === 'absent') return false;
    this.link.publish(subject, encode({ cancel: by } satisfies Cancel));
    await this.link.connection.flush();
    return true;
  }

  /** The workers that answer within `milliseconds`. Throws `Argument` without the permission to ask them. */
  async workers(milliseconds = 500): Promise<WorkerInfo[]> {
    const reply = this.#nats.createInbox();
    const found: WorkerInfo[] = [];
    // What another program answers is ignored.
    const answers = this.link.hear(reply, (data) => void found.push(admitWorker(decode(data))));
    this.link.publish(this.subjects.ping, encode(null), reply);
    await this.link.permitted({ publish: [this.subjects.ping], subscribe: [reply] });
    await pause(milliseconds);
    if (!this.link.connection.isClosed()) answers.unsubscribe();
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}
