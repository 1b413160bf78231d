// Calls in which ranks disagree; each returns the error it received. The errors are the same on every kind of
// communicator.
const told = async (promise) => {
  const error = await promise.then(
    () => undefined,
    (thrown) => thrown,
  );
  return error === undefined ? 'nothing' : `${error.tag}: ${error.message}`;
};

/** The error that every rank receives for each wrong call, in the order of the calls; needs at least two ranks. */
export async function wrongCalls(comm) {
  const { rank, size } = comm;
  const odd = rank === 1;
  const counts = (to, n) => Array.from({ length: size }, (_, r) => (r === to ? n : 0));
  const calls = {
    'bcast of two types': () => comm.bcast(odd ? new Float64Array(4) : new Float32Array(4)),
    'bcast of two types of the same size': () => comm.bcast(odd ? new Int32Array(4) : new Float32Array(4)),
    'bcast of two lengths': () => comm.bcast(new Float32Array(odd ? 5 : 4)),
    'bcast from two roots': () => comm.bcast(new Float32Array(4), odd ? 1 : 0),
    'gather of two lengths': () =>
      comm.gather(new Int8Array(odd ? 2 : 1), rank === 0 ? new Int8Array(size) : undefined),
    'gather of two types': () => {
      const Kind = odd ? Uint8Array : Int8Array;
      return comm.gather(new Kind(1), rank === 0 ? new Kind(size) : undefined);
    },
    'allreduce of two lengths': () => comm.allreduce(new Float64Array(odd ? 3 : 2), new Float64Array(odd ? 3 : 2)),
    'allreduce with two ops': () => comm.allreduce(new Float64Array(2), new Float64Array(2), odd ? 'max' : 'sum'),
    'alltoallv of two types': () => {
      const Kind = odd ? Float64Array : Float32Array;
      return comm.alltoall(new Kind(size), new Kind(size));
    },
    'alltoallv with two counts': () => {
      const none = counts(-1, 0);
      const [out, into] = [rank === 0 ? counts(1, 4) : none, odd ? counts(0, 5) : none];
      return comm.alltoallv(new Int16Array(8), { counts: out }, new Int16Array(8), { counts: into });
    },
    'two calls': () => (odd ? comm.barrier() : comm.bcast(new Float32Array(1))),
  };
  const heard = {};
  for (const [name, call] of Object.entries(calls)) {
    heard[name] = await told(call());
    // After any refusal, the next call works.
    const total = new Int32Array(1);
    await comm.allreduce(Int32Array.of(1), total);
    if (total[0] !== size) throw new Error(`after ${name}: ${total[0]} ranks of ${size}`);
  }
  // A message of another type: the receiver gets an error, the sender may get one.
  if (rank === 0) await comm.send(new Float32Array(4), 1, 5).catch(() => {});
  if (rank === 1) heard['message of another type'] = await told(comm.recv(new Float64Array(2), 0, 5));
  await comm.barrier();
  return heard;
}

/** Rank 1 leaves early; returns the errors that the others receive. */
export async function leaving(comm, how) {
  const { rank, size } = comm;
  if (how === 'group') {
    // Rank 1 continues to run, but has left the group.
    const group = await comm.split(0);
    let heard = 'left';
    if (rank === 1) await group.free();
    else heard = await told(group.barrier());
    await comm.barrier();
    return heard;
  }
  // Messages sent before leaving still arrive.
  if (rank === 1) {
    for (let other = 0; other < size; other++) if (other !== 1) await comm.send(new Float64Array(3000).fill(7), other);
    return 'left';
  }
  const data = new Float64Array(3000);
  await comm.recv(data, 1);
  if (!data.every((x) => x === 7)) throw new Error('a message of a rank that left was lost');
  if (how === 'recv') return told(comm.recv(new Int8Array(1), 1));
  if (how === 'send') return told(comm.send(new Float64Array(comm.allocate(8 * 300_000)), 1));
  return told(comm.bcast(new Float32Array(1), 1));
}

export const wrongTask = (_, { comm }) => wrongCalls(comm);
export const leavingTask = (how, { comm }) => leaving(comm, how);
export const hanging = async (how, { comm }) => {
  if (comm.rank === 2) {
    if (how === 'computes') for (;;);
    await new Promise(() => setInterval(() => {}, 1000));
  }
  await comm.barrier();
};
export const deadlocked = async (_, { comm }) => comm.recv(new Int8Array(1), (comm.rank + 1) % comm.size);
