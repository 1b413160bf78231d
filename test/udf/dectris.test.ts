/** Live scans from a DECTRIS detector, stream V2: every image counts, and faults are reported. */
import { Context, type EwaldError, sumSigUdf, sumUdf } from 'ewald/udf';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { dectrisMessages } from '../support/dectris.js';
import { refused } from '../support/refused.js';

const zmq = await import('zeromq').catch(() => undefined);
const [height, width] = [16, 12];
const images = Array.from({ length: 20 }, (_, f) =>
  Uint16Array.from({ length: height * width }, (_, i) => (f * 7919 + i * 31) % 4093),
);
const sums = images.map((image) => image.reduce((a, b) => a + b, 0));
const messages = await dectrisMessages(images, [height, width]);
const ctx = new Context({ context: { backend: 'wasm' } });
const open: { close(): Promise<void> | void }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});
afterAll(() => ctx.close());

/** A detector that sends messages, and a connection to it. */
async function connected(sent: readonly Uint8Array[], options = {}) {
  const { Push } = zmq ?? expect.fail();
  const push = new Push({ linger: 0 });
  open.push(push);
  await push.bind('tcp://127.0.0.1:*');
  const port = new URL(push.lastEndpoint as string).port;
  const connection = await ctx.connect(`dectris://127.0.0.1:${port}`, options);
  open.push({ close: () => connection.dispose() });
  const sending = (async () => {
    for (const message of sent) await push.send(Buffer.from(message));
  })();
  sending.catch(() => undefined);
  return connection;
}

const scanOf = async (sent: readonly Uint8Array[], options = {}, next = {}) => {
  const scan = await (await connected(sent, options)).next({ navShape: [4, 5], ...next });
  return scan ?? expect.fail('no acquisition');
};

describe.skipIf(!zmq)(`a series${zmq ? '' : ' (absent: zeromq)'}`, () => {
  test('has the sums of its images, and of the next series', async () => {
    const connection = await connected([...messages, ...messages]);
    for (let i = 0; i < 2; i++) {
      const scan = (await connection.next({ navShape: [4, -1] })) ?? expect.fail();
      expect(scan).toMatchObject({ format: 'dectris', dtype: 'u16', shape: { nav: [4, 5], sig: [height, width] } });
      const { intensity } = await ctx.runUdf(scan, sumSigUdf);
      expect([...intensity.data]).toEqual(sums);
      expect(scan.live.status).toMatchObject({ received: 20, processed: 20, waiting: 0, lost: 0, dropped: 0 });
    }
  });

  test('waits for memory: a ring of two images loses none', async () => {
    const scan = await scanOf(messages, { ringBytes: 1 });
    const [each, whole] = await ctx.runUdf(scan, [sumSigUdf, sumUdf]);
    expect([...each.intensity.data]).toEqual(sums);
    expect(whole.intensity.data[0]).toBe(images.reduce((sum, image) => sum + (image[0] as number), 0));
  });

  test('counts images that are missing or unreadable as lost, and keeps the positions of the others', async () => {
    const sent = messages.map((message) => message.slice());
    // Image 7 claims more bytes than it has after decompression; images 3 and 4 are not sent.
    const broken = sent[8] as Uint8Array;
    broken.fill(0xff, broken.length - 40);
    sent.splice(4, 2);
    const scan = await scanOf(sent);
    const { intensity } = await ctx.runUdf(scan, sumSigUdf);
    expect([...intensity.data]).toEqual(sums.map((sum, i) => ([3, 4, 7].includes(i) ? 0 : sum)));
    expect(scan.live.status).toMatchObject({ received: 17, lost: 3 });
  });

  test('ends with an error that keeps the results so far if another shape or something else arrives', async () => {
    const other = await dectrisMessages([new Uint16Array(64)], [8, 8]);
    const late = (await dectrisMessages([...images.slice(0, 10), new Uint16Array(64)], [8, 8])).at(-2) as Uint8Array;
    expect(other.length).toBe(3);
    for (const [last, words] of [
      [late, '8 × 8 pixels of u16'],
      [new TextEncoder().encode('{"htype":"dheader-1.0"}'), 'select stream V2'],
    ] as const) {
      const scan = await scanOf([...messages.slice(0, 11), last]);
      const error: EwaldError = await ctx.runUdf(scan, sumSigUdf).then(
        () => expect.fail(),
        (thrown) => thrown,
      );
      expect(error.tag).toBe('Format');
      expect(error.message).toContain(words);
      expect(error.message).toContain('position 10 of 20');
    }
  });

  test('options of other detectors are refused, and a detector that sends nothing is waited for', async () => {
    await refused(() => ctx.connect('dectris', { dataPort: 1 }), 'Argument', 'dataPort is for merlin');
    await refused(() => ctx.connect('dectris', { reconnectS: 1 }), 'Argument', 'reconnectS is for merlin');
    const connection = await connected([]);
    expect(await connection.next({ timeoutS: 0.02 })).toBeUndefined();
    await refused(() => connection.next({ controller: true, timeoutS: 1 }), 'Unsupported', 'not started over');
  });
});
