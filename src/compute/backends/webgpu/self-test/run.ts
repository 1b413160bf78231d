/**
 * Runs the problems on a device and compares the answers; a wrong answer is reported as a verdict, a lost device is an
 * error.
 */
import source from '../../../../../wgsl/self_test/mechanisms.wgsl';
import { isEwaldError } from '../../../../util/errors.js';
import type { Mechanism } from '../../mechanisms.js';
import type { Verdict } from '../../verdicts.js';
import type { Binding, GpuDevice } from '../device.js';
import type { GpuBuffer, Usage } from '../pool.js';
import { partsOf } from '../shader.js';
import { type Problem, problems } from './problems.js';

const parts = partsOf(source);

/** Why this mechanism cannot be trusted on a device; undefined if its problem was solved. Throws `DeviceLost`. */
export async function testMechanism(device: GpuDevice, mechanism: Mechanism): Promise<Verdict> {
  const problem = problems[mechanism];
  if (!problem) return undefined;
  try {
    return compared(await solved(device, problem), problem.answer);
  } catch (error) {
    // Other errors are not caused by the mechanism.
    if (!isEwaldError(error, 'Internal')) throw error;
    return error.message;
  }
}

/** The device's answer to a problem. */
async function solved(device: GpuDevice, { entry, input, initial, groups, unread, answer }: Problem) {
  const pipeline = await device.pipeline({ source: parts[entry] as string, entry });
  const held: GpuBuffer[] = [];
  const hold = async (bytes: number, usage: Usage): Promise<GpuBuffer> => {
    const buffer = await device.buffer(bytes, usage, `self-test ${entry}`);
    held.push(buffer);
    return buffer;
  };
  try {
    const output = await hold(answer.byteLength, 'storage');
    const gpuBuffer = await hold(input.byteLength, 'storage');
    // A binding that the kernel declares but does not read is still part of its layout.
    const all: Binding[] = [output, gpuBuffer, ...(unread ? [await hold(16, 'storage')] : [])];
    const bindings = await device.bindChecked(pipeline, all);
    const start = new Uint32Array(answer.length);
    if (initial) start.set(initial);
    device.write(output, start);
    device.write(gpuBuffer, input);
    const [bytes] = await device.run((commands) => {
      commands.dispatch(pipeline, bindings, groups);
      commands.read(output, 0, answer.byteLength);
    });
    return new Uint32Array(bytes ?? new ArrayBuffer(0));
  } finally {
    for (const buffer of held) buffer.release();
  }
}

/** Describes the first wrong word. */
function compared(found: Uint32Array, answer: Uint32Array): string | undefined {
  const wrong = answer.findIndex((word, i) => found[i] !== word);
  if (wrong < 0) return undefined;
  const count = answer.reduce((sum, word, i) => sum + (found[i] === word ? 0 : 1), 0);
  return `word ${wrong} is ${found[wrong]}, expected ${answer[wrong]} (${count} of ${answer.length} words are wrong)`;
}
