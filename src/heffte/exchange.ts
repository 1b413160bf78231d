/** Carries out one redistribution of the world: packing, messages, unpacking. */
import type { Communicator } from '../parallel/communicator/communicator.js';
import type { CopyBlock, Numbers } from './copy.js';
import type { RankMessage, Traffic } from './reshape.js';

/** The arrays and parameters of a redistribution; all arrays have the same precision. */
export interface Exchange {
  readonly comm: Communicator;
  readonly algorithm: 'alltoallv' | 'alltoall' | 'p2p' | 'p2p-plined';
  readonly traffic: Traffic;
  /** Elements of the largest message of all ranks, to which `alltoall` pads. */
  readonly largest: number;
  readonly from: Numbers;
  readonly to: Numbers;
  /** Distance in elements between consecutive transforms of the batch, on either side. */
  readonly fromDistance: number;
  readonly toDistance: number;
  /** Numbers of an element. */
  readonly unit: 1 | 2;
  readonly batch: number;
  /** The arrays in which messages are packed and received. */
  readonly outgoing: Numbers;
  readonly incoming: Numbers;
  readonly copyBlock: CopyBlock;
}

/** Sizes of the message arrays on either side, in numbers. */
export function messageNumbers(
  { sent, received }: Traffic,
  algorithm: Exchange['algorithm'],
  ranks: number,
  largest: number,
  unit: 1 | 2,
) {
  const padded = ranks * largest;
  return algorithm === 'alltoall' ? [unit * padded, unit * padded] : [unit * sent, unit * received];
}

/** Carries out a redistribution. */
export async function exchange(e: Exchange): Promise<void> {
  if (e.algorithm === 'p2p' || e.algorithm === 'p2p-plined') await byMessages(e, e.algorithm === 'p2p-plined');
  else await byCollective(e, e.algorithm === 'alltoall');
}

function pack(
  { from, outgoing, fromDistance, unit, batch, copyBlock }: Exchange,
  part: RankMessage,
  offset: number,
): void {
  for (let b = 0; b < batch; b++)
    copyBlock(from, outgoing, part.block, unit, b * fromDistance, offset + b * part.count);
}

function unpack(
  { to, incoming, toDistance, unit, batch, copyBlock }: Exchange,
  part: RankMessage,
  offset: number,
): void {
  for (let b = 0; b < batch; b++) copyBlock(incoming, to, part.block, unit, offset + b * part.count, b * toDistance);
}

function keepOwn({ from, to, traffic: { own }, unit, batch, fromDistance, toDistance, copyBlock }: Exchange): void {
  if (!own) return;
  for (let b = 0; b < batch; b++) copyBlock(from, to, own, unit, b * fromDistance, b * toDistance);
}

async function byCollective(e: Exchange, equal: boolean): Promise<void> {
  const { comm, traffic, unit, batch, largest } = e;
  const { sends, receives } = traffic;
  const straight = !equal && batch === 1;
  const [packs, unpacks] = [!(straight && traffic.sendsRows), !(straight && traffic.receivesRows)];
  const lists = (parts: readonly RankMessage[], packed: boolean, side: 'from' | 'to') => {
    const counts = new Array<number>(comm.size).fill(0);
    const offsets = new Array<number>(comm.size).fill(0);
    for (const { peer, count, offset, block } of parts) {
      counts[peer] = unit * batch * count;
      offsets[peer] = unit * (packed ? batch * offset : block[side]);
    }
    return { counts, offsets };
  };
  const place = (part: RankMessage): number => (equal ? part.peer * largest * batch : part.offset * batch);
  if (packs) for (const part of sends) pack(e, part, place(part));
  const moving = equal
    ? comm.alltoall(
        e.outgoing.subarray(0, unit * batch * largest * comm.size),
        e.incoming.subarray(0, unit * batch * largest * comm.size),
      )
    : comm.alltoallv(
        packs ? e.outgoing : e.from,
        lists(sends, packs, 'from'),
        unpacks ? e.incoming : e.to,
        lists(receives, unpacks, 'to'),
      );
  // Elements that stay on this rank are copied while messages are in transit.
  keepOwn(e);
  await moving;
  if (unpacks) for (const part of receives) unpack(e, part, place(part));
}

/** Messages of one redistribution arrive in the order of sending, so that one tag is enough. */
async function byMessages(e: Exchange, pipelined: boolean): Promise<void> {
  const { comm, traffic, unit, batch } = e;
  const slice = (array: Numbers, { offset, count }: RankMessage): Numbers =>
    array.subarray(unit * batch * offset, unit * batch * (offset + count));
  const receiving = traffic.receives.map(async (part) => {
    await comm.recv(slice(e.incoming, part), part.peer);
    if (pipelined) unpack(e, part, part.offset * batch);
  });
  const sending: Promise<void>[] = [];
  const send = async (part: RankMessage): Promise<void> => comm.send(slice(e.outgoing, part), part.peer);
  const guard = Promise.all(receiving);
  // Reported below; until then a failure must not end the process.
  guard.catch(() => {});
  if (!pipelined) for (const part of traffic.sends) pack(e, part, part.offset * batch);
  for (const part of traffic.sends) {
    if (pipelined) pack(e, part, part.offset * batch);
    const under = send(part);
    under.catch(() => {});
    sending.push(under);
  }
  keepOwn(e);
  await Promise.all([guard, ...sending]);
  if (!pipelined) for (const part of traffic.receives) unpack(e, part, part.offset * batch);
}
