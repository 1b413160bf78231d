// The behaviour that every communicator must have, written once. Runs on each rank, throws at the first difference, and
// returns a digest of everything received, which must be the same for every kind of communicator with the same number
// of ranks.
const same = (found, wanted, what) => {
  const a = Array.from(found, String).join();
  const b = Array.from(wanted, String).join();
  if (a !== b) throw new Error(`${what}: found ${a.slice(0, 200)}, wanted ${b.slice(0, 200)}`);
};
const range = (n, f) => Array.from({ length: n }, (_, i) => f(i));
const kinds = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
];
const of = (Kind, list) => Kind.from(list, Kind.name.startsWith('Big') ? BigInt : Number);

export async function conformance(comm) {
  const { rank, size } = comm;
  let hash = 0x811c9dc5;
  const note = (array) => {
    for (const byte of new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
      hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  };

  // Sends around a ring: every kind of array, at an offset in a buffer, in shared memory and in other memory.
  const right = (rank + 1) % size;
  const left = (rank + size - 1) % size;
  for (const Kind of kinds) {
    const whole = new Kind(comm.allocate(16 * Kind.BYTES_PER_ELEMENT));
    whole.set(
      of(
        Kind,
        range(16, (i) => (rank + i) % 100),
      ),
    );
    for (const data of [
      of(
        Kind,
        range(12, (i) => (rank + i + 2) % 100),
      ),
      whole.subarray(2, 14),
    ]) {
      const into = new Kind(12);
      await Promise.all([comm.send(data, right, 3), comm.recv(into, left, 3)]);
      same(
        into,
        of(
          Kind,
          range(12, (i) => (left + i + 2) % 100),
        ),
        `ring of ${Kind.name}`,
      );
      note(into);
    }
  }

  // Messages of one tag keep their order; tags are distinguished; many messages are in flight at once.
  const many = 200;
  const sent = range(many, (i) => comm.send(Int32Array.of(rank, i), right, i % 3));
  const got = range(many, () => new Int32Array(2));
  const order = [...range(many, (i) => i)].sort((a, b) => (b % 3) - (a % 3) || a - b);
  for (const i of order) await comm.recv(got[i], left, i % 3);
  await Promise.all(sent);
  for (const [i, pair] of got.entries()) same(pair, [left, i], 'order of messages');

  // The sender may write to the array again once its promise has settled.
  const reused = new Float64Array(5000);
  const three = range(3, () => new Float64Array(5000));
  const receiving = three.map((into) => comm.recv(into, left, 9));
  for (let i = 0; i < 3; i++) {
    reused.fill(10 * rank + i);
    await comm.send(reused, right, 9);
    reused.fill(-1);
  }
  await Promise.all(receiving);
  for (const [i, into] of three.entries()) same(into, Array(5000).fill(10 * left + i), 'reused array');

  // All-to-all, equal and unequal, with empty parts for some ranks, and larger than any staging buffer.
  for (const n of [1, 7, 30000]) {
    const out = Float32Array.from({ length: n * size }, (_, i) => 1000 * rank + i);
    const into = new Float32Array(n * size);
    await comm.alltoall(out, into);
    same(
      into,
      range(n * size, (i) => Math.fround(1000 * Math.floor(i / n) + rank * n + (i % n))),
      `alltoall of ${n}`,
    );
    note(into);
  }
  const count = (from, to) => (3 * from + 5 * to) % 4;
  const outCounts = range(size, (r) => count(rank, r));
  const inCounts = range(size, (r) => count(r, rank));
  const spread = { counts: outCounts, offsets: range(size, (r) => 5 * r) };
  const unequal = Int16Array.from({ length: 5 * size }, (_, i) => 100 * rank + i);
  const packed = new Int16Array(inCounts.reduce((a, b) => a + b, 0));
  await comm.alltoallv(unequal, spread, packed, { counts: inCounts });
  same(
    packed,
    inCounts.flatMap((n, r) => range(n, (i) => 100 * r + 5 * rank + i)),
    'alltoallv',
  );
  note(packed);

  // Only the first rank sends. The empty parts of the others start where the parts they receive do.
  const alone = new Float64Array(3);
  const none = range(size, () => 0);
  const sends = rank === 0 ? Float64Array.from(range(3 * size, (i) => i / 7)) : alone.subarray(0, 0);
  const receives = none.map((_, r) => (r === 0 ? 3 : 0));
  await comm.alltoallv(sends, { counts: rank === 0 ? none.map(() => 3) : none }, alone, { counts: receives });
  same(
    alone,
    range(3, (i) => (3 * rank + i) / 7),
    'alltoallv of nothing at one place',
  );

  // Broadcast, scatter and gather for each root.
  for (let root = 0; root < size; root++) {
    const data = Float64Array.from({ length: 9 }, (_, i) => (rank === root ? root + i / 3 : Number.NaN));
    await comm.bcast(data, root);
    same(
      data,
      range(9, (i) => root + i / 3),
      'bcast',
    );
    const all = rank === root ? new Uint32Array(2 * size) : undefined;
    await comm.gather(Uint32Array.of(rank, root), all, root);
    if (all) same(all, range(size, (r) => [r, root]).flat(), 'gather');
  }

  // Sums are formed in the order of the ranks: 1 + 1e16 − 1e16 … depends on the order.
  const hard = Float64Array.of([1, 1e16, -1e16, 3][rank % 4], rank, 0.1 * (rank + 1));
  const sum = new Float64Array(3);
  await comm.allreduce(hard, sum);
  const wanted = hard.map((_, i) => {
    const terms = range(size, (r) => [[1, 1e16, -1e16, 3][r % 4], r, 0.1 * (r + 1)][i]);
    return terms.slice(1).reduce((a, b) => a + b, terms[0]);
  });
  same(sum, wanted, 'allreduce');
  note(sum);
  const ints = new Int32Array(1001);
  for (const [op, expected] of [
    ['sum', (size * (size - 1)) / 2],
    ['min', 0],
    ['max', size - 1],
    ['product', 0],
  ]) {
    await comm.allreduce(new Int32Array(1001).fill(rank), ints, op);
    same(ints, Array(1001).fill(expected), `allreduce ${op}`);
  }
  const big = new BigInt64Array(1);
  await comm.allreduce(BigInt64Array.of(2n ** 60n + BigInt(rank)), big, 'max');
  same(big, [2n ** 60n + BigInt(size - 1)], 'allreduce of bigints');
  const floats = new Float32Array(2);
  await comm.allreduce(Float32Array.of(rank === size - 1 ? Number.NaN : rank, -rank), floats, 'max');
  same(floats, [Number.NaN, 0], 'greatest with NaN');

  // No rank passes a barrier before all have arrived: the last rank arrives only after the others have started to wait,
  // and they have passed only after it arrived.
  if (size > 1) {
    let passed = false;
    if (rank === size - 1) {
      for (let r = 0; r < rank; r++) await comm.recv(new Int8Array(1), r, 11);
      await comm.barrier();
    } else {
      const waiting = comm.barrier().then(() => {
        passed = true;
      });
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
      if (passed) throw new Error('the barrier did not wait');
      await comm.send(new Int8Array(1), size - 1, 11);
      await waiting;
    }
  }

  // Groups: odd and even ranks, in reverse order; groups of groups; an empty group.
  const group = await comm.split(rank % 2, -rank);
  const mine = range(size, (r) => r).filter((r) => r % 2 === rank % 2);
  same([group.size, group.rank], [mine.length, mine.length - 1 - mine.indexOf(rank)], 'split');
  const members = new Int32Array(group.size);
  await group.gather(Int32Array.of(rank), members, 0);
  await group.bcast(members, 0);
  same(members, [...mine].reverse(), 'members of a group');
  const pair = await group.split(group.rank < 2 ? 0 : -1);
  if ((pair !== undefined) !== group.rank < 2) throw new Error('split with a negative colour');
  if (pair) {
    const total = new Int32Array(1);
    await pair.allreduce(Int32Array.of(1), total);
    same(total, [pair.size], 'group of a group');
    await pair.free();
  }
  await group.free();

  // Shared memory, where it is available, and memory that is freed.
  if (comm.sharesMemory) {
    const { buffer, free } = await comm.share(8 * size);
    const words = new Int32Array(buffer);
    same(words, Array(2 * size).fill(0), 'new shared memory');
    await comm.barrier();
    words[2 * rank] = rank + 1;
    await comm.barrier();
    same(
      words,
      range(2 * size, (i) => (i % 2 === 0 ? i / 2 + 1 : 0)),
      'shared memory',
    );
    await comm.barrier();
    await free();
  } else {
    const error = await comm.share(8).catch((thrown) => thrown);
    if (error?.tag !== 'Unsupported') throw new Error(`memory without any gave ${error}`);
  }
  const lent = new Float64Array(comm.allocate(80)).fill(rank);
  const lentTo = new Float64Array(10);
  await Promise.all([comm.send(lent, right, 4), comm.recv(lentTo, left, 4)]);
  same(lentTo, Array(10).fill(left), 'lent memory');
  comm.release(lent.buffer);

  // Invalid calls are refused on this rank, without any effect on the others.
  const refusals = [
    () => comm.send(Int8Array.of(1), size),
    () => comm.send(Int8Array.of(1), 0, -1),
    () => comm.send([1], 0),
    () => comm.alltoall(new Int8Array(size + (size > 1 ? 1 : 0)), new Int8Array(size + (size > 1 ? 1 : 2))),
    () => comm.alltoallv(new Int8Array(size), { counts: Array(size).fill(2) }, new Int8Array(size), { counts: [] }),
    () => comm.alltoallv(new Int8Array(4), { counts: [1] }, new Int16Array(4), { counts: [1] }),
    () => comm.allreduce(new Int8Array(2), new Int8Array(3)),
    () => comm.allreduce(new Int8Array(2), new Int8Array(2), 'mean'),
    () => comm.bcast(new Int8Array(2), -1),
    () => comm.split(0.5),
  ];
  for (const [i, refusal] of refusals.entries()) {
    const error = await refusal().then(
      () => undefined,
      (thrown) => thrown,
    );
    if (!['Argument', 'Shape'].includes(error?.tag)) throw new Error(`refusal ${i} gave ${error}`);
  }
  await comm.barrier();
  return { rank, size, hash };
}

// The same operations as tasks of `spmd`.
export const onRank = (_, { comm }) => conformance(comm);
export const throwing = async (_, { comm }) => {
  if (comm.rank === 1) throw new RangeError('rank 1 gave up');
  await comm.barrier();
};
export const dying = async (_, { comm }) => {
  if (comm.rank === comm.size - 1) process.exit(5);
  await comm.recv(new Int8Array(1), comm.size - 1);
};
export const spinning = async (_, { comm }) => {
  if (comm.rank === 1) throw new RangeError('rank 1 gave up');
  for (;;);
};
export const mismatched = async (_, { comm }) => {
  if (comm.rank === 0) await comm.send(new Int32Array(4), 1);
  else await comm.recv(new Int32Array(5), 0);
};
export const pingPong = async ({ rounds, bytes }, { comm }) => {
  const data = new Uint8Array(comm.allocate(bytes));
  const into = new Uint8Array(comm.allocate(bytes));
  const began = performance.now();
  for (let i = 0; i < rounds; i++) {
    if (comm.rank === 0) await comm.send(data, 1);
    await comm.recv(into, 1 - comm.rank);
    if (comm.rank === 1) await comm.send(data, 0);
  }
  return (1000 * (performance.now() - began)) / rounds;
};
