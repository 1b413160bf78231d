/** Of files that were given together, those that hold no frames like the others: the rest can be opened without them. */

import { baseName } from '../bytes/byte-source.js';
import type { DataInput } from '../bytes/source-of.js';
import { EwaldError } from '../util/errors.js';
import type { PlatformFile } from '../util/globals.js';
import type { OpenOptions } from './open.js';
import { dataInputName, isFile, mainInputs, type OpenPlatform, openInput } from './open-inputs.js';

/** Inputs of a stack that can be opened together, and why the others cannot. */
interface Separated {
  readonly kept: readonly DataInput[];
  readonly errors: readonly unknown[];
}

/**
 * Opens each input, to see which of them prevent the others from being opened as one stack: files that cannot be read,
 * and those whose frames are of another size or type than those of most. Files that another one reads stay beside it.
 */
export async function separateInputs(
  inputs: readonly DataInput[],
  options: OpenOptions,
  platform: OpenPlatform,
): Promise<Separated> {
  const siblings: readonly PlatformFile[] = inputs.filter(isFile);
  const errors = new Map<DataInput, unknown>();
  const byKind = new Map<string, DataInput[]>();
  for (const input of await mainInputs(inputs, options, platform, siblings))
    try {
      const dataset = await openInput(input, options, platform, siblings);
      const kind = `${dataset.shape.sig.join(' × ')} ${dataset.dtype}`;
      await dataset.dispose();
      byKind.set(kind, [...(byKind.get(kind) ?? []), input]);
    } catch (error) {
      errors.set(input, error);
    }
  const [most, ...others] = [...byKind].sort(([, a], [, b]) => b.length - a.length);
  for (const [kind, those] of others)
    for (const input of those) {
      const text = `${baseName(dataInputName(input))} has frames of ${kind}, and the others of ${most?.[0]}`;
      errors.set(input, new EwaldError('Format', text, { detail: { path: dataInputName(input) } }));
    }
  return { kept: inputs.filter((input) => !errors.has(input)), errors: [...errors.values()] };
}
