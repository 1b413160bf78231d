/** Large values between two members: pieces, their hash, members that are gone, and answers that are not pieces. */
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encode } from '../../src/parallel/codec.js';
import { hashOf } from '../../src/parallel/content.js';
import { Link } from '../../src/parallel/nats/link.js';
import { Values } from '../../src/parallel/nats/values.js';
import { readWish, subjectsOf } from '../../src/parallel/nats/wire.js';
import { NatsServer, natsPresent } from '../support/nats.js';

const subjects = subjectsOf('values');
const filled = (length: number): Uint8Array => {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31) ^ (i >> 9);
  return bytes;
};

describe.skipIf(!natsPresent)('values', { concurrent: true }, () => {
  let server: NatsServer;
  const links: Link[] = [];
  const member = async (url = server.url): Promise<Values & { link: Link }> => {
    const settings = { servers: url, maxReconnectAttempts: -1, reconnectTimeWait: 100 };
    const link = new Link(await connect(settings));
    links.push(link);
    return Object.assign(new Values(link, subjects), { link });
  };
  /** Answers requests for a value, in place of a member that holds it. */
  const impostor = async (hash: string, answer: (at: number) => unknown): Promise<void> => {
    const { link } = await member();
    link.hear(subjects.value(hash), (data, reply) => link.publish(reply ?? '', encode(answer(readWish(data)))));
    await link.connection.flush();
  };
  beforeAll(async () => {
    server = await new NatsServer().start();
  });
  afterAll(async () => {
    for (const { connection } of links) await connection.close();
    await server?.stop();
  });

  test.each([4, 2 ** 19, 2 ** 19 + 1, 10_000_000])('%i bytes arrive', async (length) => {
    const [holder, other] = [await member(), await member()];
    const bytes = filled(length);
    const hash = await holder.keep(bytes);
    expect(hash).toBe(await hashOf(bytes));
    await holder.link.connection.flush();
    // Together they are fetched once.
    const [one, two] = await Promise.all([other.fetch(hash, 'it'), other.fetch(hash, 'it')]);
    expect(one === two && Buffer.compare(one, bytes) === 0).toBe(true);
  });

  test('small contents travel in the message itself', async () => {
    const holder = await member();
    const small = filled(holder.largestParcel);
    expect(await holder.pack(small)).toBe(small);
    expect(await holder.pack(filled(holder.largestParcel + 1))).toMatch(/^[0-9a-f]{64}$/);
  });

  test('a value is offered until it was dropped as often as it was kept', { tags: 'all' }, async () => {
    const [holder, other] = [await member(), await member()];
    const bytes = filled(1000);
    const hash = await holder.keep(bytes);
    await holder.keep(bytes);
    holder.drop(hash);
    await holder.link.connection.flush();
    expect(await other.fetch(hash, 'it')).toEqual(bytes);
    holder.drop(hash);
    await holder.link.connection.flush();
    await expect(other.fetch(hash, 'the mask')).rejects.toMatchObject({
      tag: 'Lost',
      message: expect.stringContaining('the mask is no longer on the cluster'),
    });
  });

  test('the server is killed in between and started again', { tags: 'all' }, async () => {
    const own = await new NatsServer().start();
    const [holder, other] = [await member(own.url), await member(own.url)];
    const bytes = filled(12_000_000);
    const hash = await holder.keep(bytes);
    await holder.link.connection.flush();
    const fetched = other.fetch(hash, 'it');
    await own.kill();
    expect(await Promise.race([fetched, new Promise((resolve) => setTimeout(resolve, 300, 'waits'))])).toBe('waits');
    await own.start();
    expect(Buffer.compare(await fetched, bytes)).toBe(0);
    await Promise.all([holder.link.connection.close(), other.link.connection.close()]);
    await own.stop();
  });

  test.each([
    ['another value', 'Mismatch', () => ({ total: 3, piece: Uint8Array.of(1, 2, 3) })],
    ['a petabyte', 'Format', () => ({ total: 1e15, piece: Uint8Array.of(1) })],
    ['a gigabyte in single bytes', 'Format', () => ({ total: 2 ** 30, piece: Uint8Array.of(1) })],
    ['nothing', 'Format', () => ({ total: 3, piece: new Uint8Array(0) })],
    [
      'pieces of different lengths',
      'Format',
      (at: number) => ({ total: 99, piece: new Uint8Array(at === 0 ? 10 : 9) }),
    ],
    ['a length that changes', 'Format', (at: number) => ({ total: at === 0 ? 20 : 30, piece: new Uint8Array(10) })],
    ['something else', 'Format', () => ['no']],
  ] as const)('an impostor sends %s: %s', { tags: 'all' }, async (name, tag, answer) => {
    const hash = await hashOf(new TextEncoder().encode(name));
    await impostor(hash, answer);
    await expect((await member()).fetch(hash, 'it')).rejects.toMatchObject({ tag });
  });

  test('a fetch that is not wanted any more ends', async () => {
    let wanted = true;
    const other = await member();
    const fetching = other.fetch('0'.repeat(64), 'it', () => wanted);
    wanted = false;
    await expect(fetching).rejects.toMatchObject({ tag: 'Aborted' });
  });
});
