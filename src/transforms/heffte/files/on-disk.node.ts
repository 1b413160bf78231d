/** `ewald fft --memory 2G`: a larger array stays in its file, which is processed in parts. */

import { open, rm } from 'node:fs/promises';
import { progressOf } from '../../../base/callbacks.js';
import { EwaldError } from '../../../base/errors.js';
import { refusal } from '../../../base/parameters.js';
import type { ContextOptions } from '../../../core/context/context.js';
import { type NpyHeader, npyHead } from '../../../io/data/npy.js';
import { openNpyParts, writeNumbers } from '../../../io/data/npy-parts.node.js';
import { onExit } from '../../../io/files/interrupt.js';
import { betweenOf } from '../../../io/files/names.js';
import { checkOutput, openOutput } from '../../../io/files/write.js';
import type { R2rKind } from '../../fft/fft.js';
import { type Store, transformOnDisk } from '../disk.js';
import type { FftContextLike } from '../options.js';
import { npyWriting, type TransformedFile, type TransformFileOptions, type Wish, wishOf } from './wish.js';

/** Transforms within the memory given; undefined if everything fits into it and nothing has been done. */
export async function transformParts(
  createContext: (options: ContextOptions) => Promise<FftContextLike>,
  input: string,
  outputFile: string,
  options: TransformFileOptions,
  memory: number,
): Promise<TransformedFile | undefined> {
  const writing = npyWriting(input, options);
  await checkOutput(outputFile, writing);
  const file = await openNpyParts(input);
  try {
    const wish = wishOf(file.like, options, input);
    if (!exceeds(file.header, wish, memory)) return undefined;
    if (outputFile === '-')
      throw new EwaldError('Argument', 'a transform in parts cannot write to standard output; name a file');
    checkWish(wish, file.header, input);
    const { kind, r2r, precision = 'f64' } = wish.plan;
    const backward = (kind === 'c2r') !== (options.inverse === true);
    const output = await openOutput(outputFile, writing);
    const temporary = output.temporary;
    const context = await createContext(options.backend === undefined ? {} : { backend: options.backend });
    const scratch: (() => Promise<void>)[] = [];
    try {
      if (temporary === undefined)
        throw new EwaldError('Argument', `${outputFile} is not a regular file, which parts are written into`);
      const like = precision === 'f32' ? new Float32Array(0) : new Float64Array(0);
      const head = npyHead({ shape: wish.outShape, data: like, complex: wish.complexOut });
      await output.write(head);
      const target = await openStore(temporary, head.length, outputFile);
      scratch.push(target.close);
      const began = performance.now();
      const report = await transformOnDisk({
        context,
        shape: wish.plan.shape as readonly number[],
        kind: kind === 'c2r' || kind === 'r2c' ? 'r2c' : kind === 'r2r' ? 'r2r' : 'c2c',
        ...(r2r ? { r2r: r2r as R2rKind } : {}),
        precision,
        direction: backward ? 'backward' : 'forward',
        scale: options.scale ?? 'none',
        ...(options.engine ? { engine: options.engine } : {}),
        memory,
        source: { read: (into, at) => file.read(into, at), write: target.store.write },
        target: target.store,
        between: async () => {
          const path = betweenOf(temporary);
          const forget = onExit(path);
          await (await open(path, 'wx')).close();
          const store = await openStore(path, 0, path);
          scratch.push(store.close, () => rm(path, { force: true }).then(forget));
          return store.store;
        },
        onProgress: progressOf('transformFile', options),
        ...(options.signal ? { signal: options.signal } : {}),
      });
      const ms = performance.now() - began;
      for (const end of scratch.splice(0)) await end();
      await output.close();
      const { outShape: shape, complexOut: complex, length, axes = null } = wish;
      const backend = context.backends[0]?.name ?? '';
      const half = length === undefined ? {} : { length };
      const { engine = 'ewald' } = options;
      return { shape, complex, ...half, kind: wish.kind, axes, backend, engine, ms, ...report };
    } catch (error) {
      for (const end of scratch.splice(0)) await end().catch(() => {});
      await output.discard();
      throw error;
    } finally {
      await context.dispose();
    }
  } finally {
    await file.close();
  }
}

/** Whether input and output together exceed the memory. */
function exceeds(header: NpyHeader, { plan, outShape, complexOut }: Wish, memory: number): boolean {
  const width = plan.precision === 'f32' ? 4 : 8;
  const out = outShape.reduce((product, n) => product * n, complexOut ? 2 : 1);
  return (header.numbers + out) * width > memory;
}

function checkWish({ plan, kind, axes }: Wish, header: NpyHeader, name: string): void {
  const shape = plan.shape as readonly number[];
  const halved = plan.kind === 'r2c' || plan.kind === 'c2r';
  const refuse = (why: string): never => {
    throw refusal(
      '',
      (said) =>
        `${name} does not fit into the memory given; a larger ${said('memory')}, or none, transforms it at once. ` +
        `In parts ${why}`,
      {},
      'Unsupported',
    );
  };
  if (shape.length < 2) refuse('a single line cannot be transformed');
  if (axes && axes.length < shape.length) refuse('all axes are transformed, not some of them');
  if (halved && plan.reducedAxis !== shape.length - 1) refuse('only the last axis can be halved');
  if (kind === 'real') refuse('kind real is not supported; r2c is');
  if (plan.kind === 'c2c' && !header.complex) refuse('real numbers need kind r2c');
}

async function openStore(path: string, offset: number, name: string) {
  const handle = await open(path, 'r+');
  const store: Store = {
    async read(into, at) {
      const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
      for (let done = 0; done < bytes.length; ) {
        const count = Math.min(2 ** 30, bytes.length - done);
        const { bytesRead } = await handle.read(bytes, done, count, offset + at * into.BYTES_PER_ELEMENT + done);
        if (bytesRead === 0) throw new EwaldError('File', `${name} was truncated while it was being processed`);
        done += bytesRead;
      }
    },
    write: (from, at) => writeNumbers(handle, from, offset + at * from.BYTES_PER_ELEMENT, name),
  };
  return { store, close: () => handle.close() };
}
