/** The client of ZeroMQ. */
import { EwaldError, messageOf } from '../../util/errors.js';
import { importOptional } from '../../util/optional.js';

export type Zmq = typeof import('zeromq');

/** Loads the optional peer dependency; throws `Load` with the command that installs it. */
export async function loadZmq(): Promise<Zmq> {
  try {
    return (await importOptional('zeromq')) as Zmq;
  } catch (cause) {
    throw new EwaldError(
      'Load',
      `receiving frames by ZeroMQ requires its client: npm install zeromq@6 (${messageOf(cause)})`,
      { cause },
    );
  }
}
