/** Calls over a port: what crosses it, what ends a call, and messages that are none. */
import { EwaldError } from 'ewald';
import { afterEach, expect, it } from 'vitest';
import { answerCalls } from '../../src/util/answer-calls.js';
import { errorFromPlain, plainError } from '../../src/util/errors.js';
import { Caller, type Handlers } from '../../src/util/port-calls.js';
import { portOf } from '../../src/util/web-port.js';
import { refused } from '../support/refused.js';

interface Sums {
  /** Adds numbers, and reports each sum. */
  readonly sum: { readonly options: Float64Array; readonly value: Float64Array; readonly progress: number };
  readonly wait: { readonly options: undefined; readonly value: string };
  readonly fail: { readonly options: undefined; readonly value: never };
  readonly unsendable: { readonly options: { readonly id: string } | undefined; readonly value: unknown };
}

const asked: string[] = [];
const calls: Handlers<Sums> = {
  async sum(numbers, _, report) {
    asked.push('sum');
    let sum = 0;
    for (const x of numbers) {
      sum += x;
      report(sum);
    }
    return [Float64Array.of(sum), []];
  },
  async wait(_, signal) {
    asked.push('wait');
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
    return ['cancelled'];
  },
  async fail() {
    throw new EwaldError('Format', 'line 7', { cause: new RangeError('far'), detail: { line: 7 } });
  },
  unsendable: async () => [() => 0],
};

const open: MessagePort[] = [];
afterEach(() => {
  for (const port of open.splice(0)) port.close();
  asked.length = 0;
});

/** Both ends of a channel, of which the second answers. */
function connect(inOrder = false) {
  const { port1, port2 } = new MessageChannel();
  open.push(port1, port2);
  for (const port of [port1, port2]) port.start();
  answerCalls(portOf(port2), calls, { plain: plainError, inOrder });
  return { caller: new Caller<Sums>(portOf(port1), errorFromPlain), port1, port2 };
}

it('a call moves its buffers, reports, and returns its value', async () => {
  const { caller } = connect();
  const numbers = Float64Array.of(1, 2, 4);
  const sums: number[] = [];
  const onReport = (sum: number) => void sums.push(sum);
  const value = await caller.ask('sum', numbers, { transfer: [numbers.buffer], onReport });
  expect([sums, value, numbers.length]).toEqual([[1, 3, 7], Float64Array.of(7), 0]);
});

it('an error keeps its tag, its detail and its cause', async () => {
  const error = await connect()
    .caller.ask('fail', undefined)
    .catch((caught) => caught);
  expect(error).toMatchObject({ tag: 'Format', message: 'line 7', detail: { line: 7 } });
  expect(error.cause).toBeInstanceOf(RangeError);
});

it('what cannot be cloned is refused on its way there and back', async () => {
  const { caller } = connect();
  expect(() => caller.ask('unsendable', (() => 0) as never)).toThrow('could not be cloned');
  await refused(() => caller.ask('unsendable', undefined), 'Argument', 'the result of unsendable cannot be sent');
  const named = 'the result of unsendable 7 cannot be sent';
  await refused(() => caller.ask('unsendable', { id: '7' }), 'Argument', named);
});

it.each([false, true])('a call cancelled at once (%s) ends early, and those in order wait for it', async (atOnce) => {
  const { caller } = connect(true);
  const { value, cancel } = caller.begin('wait', undefined);
  const next = caller.ask('sum', Float64Array.of(1));
  if (!atOnce) await expect.poll(() => asked).toEqual(['wait']);
  cancel();
  expect(await Promise.all([value, next])).toEqual(['cancelled', Float64Array.of(1)]);
});

it('when the other side ends, pending and later calls are rejected with the reason', async () => {
  const { caller } = connect();
  const pending = [caller.ask('wait', undefined), caller.ask('wait', undefined)];
  expect(caller.waitingMs).toBeGreaterThanOrEqual(0);
  const why = new EwaldError('Lost', 'it was struck by lightning');
  caller.fail(why);
  caller.fail(new Error('later'));
  const ends = await Promise.allSettled([...pending, caller.ask('wait', undefined)]);
  expect(ends).toEqual(Array(3).fill({ status: 'rejected', reason: why }));
  expect(caller.waitingMs).toBe(0);
});

const strange = [null, undefined, 7, 'task', [], {}, { id: 90 }, { id: 90, call: 'constructor', options: {} }];

it('requests that are none are refused one by one, and those after them are answered', async () => {
  const { caller, port1 } = connect(true);
  const replies: unknown[] = [];
  port1.addEventListener('message', ({ data }) => void replies.push(data));
  for (const message of [...strange, { id: 9, cancel: true }, { error: 1 }]) port1.postMessage(message);
  expect(await caller.ask('sum', Float64Array.of(2))).toEqual(Float64Array.of(2));
  const refusals = replies.filter((reply) => 'error' in (reply as object));
  const message = expect.stringMatching(/^the worker has no call .*; expected one of sum, wait, fail, unsendable$/);
  const error = expect.objectContaining({ tag: 'Argument', message });
  expect(refusals).toEqual(strange.map((sent) => ({ id: (sent as { id?: 90 } | null)?.id, error })));
});

it.each([
  [{ call: 'pi', value: 3 }, 'the worker answered pi to wait'],
  [{ error: null }, 'the worker answered undefined to wait'],
  [{ error: { message: 5 } }, 'the worker answered undefined to wait'],
  [{ error: { message: 'out of order' } }, 'out of order'],
])('a reply %j ends its call with an error; others are nobody’s', async (reply, message) => {
  const { caller, port2 } = connect();
  const pending = caller.ask('wait', undefined);
  for (const other of [...strange, { id: 5, value: 1 }, { id: '0', value: 1 }, { value: 1 }]) port2.postMessage(other);
  port2.postMessage({ id: 0, ...reply });
  await expect(pending).rejects.toThrow(message);
});

it('sides that both call and answer do not refuse each other’s refusals', async () => {
  const { caller, port1, port2 } = connect();
  answerCalls(portOf(port1), {}, { plain: plainError });
  let messages = 0;
  for (const port of [port1, port2]) port.addEventListener('message', () => void messages++);
  port1.postMessage('none');
  port2.postMessage('none');
  await caller.ask('sum', new Float64Array(0));
  const before = messages;
  await caller.ask('sum', new Float64Array(0));
  expect(messages - before).toBe(2);
});
