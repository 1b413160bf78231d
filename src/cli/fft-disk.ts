/** `ewald fft --memory 2G`: a larger array stays in its file, which is processed in parts. */
import { open, rm } from 'node:fs/promises';
import { EwaldError } from '../base/errors.js';
import { type NpyHeader, npyHead } from '../data/npy.js';
import type { R2rKind } from '../fft/fft.js';
import { onExit } from '../files/interrupt.js';
import { checkOutput, openOutput } from '../files/write.js';
import { type Store, transformOnDisk } from '../heffte/disk.js';
import { npyWriting, type Options, type Wish, wishOf } from './fft-wish.js';
import { openNpyParts, writeNumbers } from './npy-part.js';
import { backendOption, bold, type CliDeps, dim, Progress, print, printJson } from './output.js';

/** Bytes of "2G", "512M", "100k", "1000000". Throws `Argument`. */
export function parseMemory(text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)([kKMGT]?)(?:i?B)?$/.exec(text.trim()) ?? [];
  const bytes = Number(number) * 1024 ** ['', 'K', 'M', 'G', 'T'].indexOf(unit.toUpperCase());
  if (number === '' || !(bytes >= 1024) || bytes > 2 ** 50)
    throw new EwaldError('Argument', `--memory is "${text}"; expected a size such as 2G or 512M, from 1k on`);
  return Math.floor(bytes);
}

/** Transforms within the given memory; returns false, having done nothing, if everything fits. */
export async function runOnDisk(input: string, options: Options, { createContext, signal }: CliDeps): Promise<boolean> {
  const memory = parseMemory(options.memory as string);
  const writing = npyWriting(input, options);
  await checkOutput(options.output, writing);
  const file = await openNpyParts(input);
  try {
    const wish = wishOf(file.like, options, input);
    if (!exceeds(file.header, wish, memory)) return false;
    if (options.output === '-')
      throw new EwaldError('Argument', 'a transform in parts cannot write to standard output; pass -o FILE');
    checkWish(wish, file.header, input);
    const { kind, r2r, precision = 'f64' } = wish.plan;
    const backward = (kind === 'c2r') !== (options.inverse === true);
    const output = await openOutput(options.output, writing);
    const temporary = output.temporary;
    const progress = new Progress('fft');
    const context = await createContext(backendOption(options.backend));
    const scratch: (() => Promise<void>)[] = [];
    try {
      if (temporary === undefined)
        throw new EwaldError(
          'Argument',
          `${options.output} is not a regular file, which a transform in ` + 'parts requires',
        );
      const like = precision === 'f32' ? new Float32Array(0) : new Float64Array(0);
      const head = npyHead({ shape: wish.outShape, data: like, complex: wish.complexOut });
      await output.write(head);
      const target = await openStore(temporary, head.length, options.output);
      scratch.push(target.close);
      const began = performance.now();
      const report = await transformOnDisk({
        context,
        shape: wish.plan.shape as readonly number[],
        kind: kind === 'c2r' || kind === 'r2c' ? 'r2c' : kind === 'r2r' ? 'r2r' : 'c2c',
        ...(r2r ? { r2r: r2r as R2rKind } : {}),
        precision,
        direction: backward ? 'backward' : 'forward',
        scale: options.scale,
        ...(options.engine ? { engine: options.engine } : {}),
        memory: 0.9 * memory,
        source: { read: (into, at) => file.read(into, at), write: target.store.write },
        target: target.store,
        between: async () => {
          const path = `${temporary}.between`;
          const forget = onExit(path);
          await (await open(path, 'wx')).close();
          const store = await openStore(path, 0, path);
          scratch.push(store.close, () => rm(path, { force: true }).then(forget));
          return store.store;
        },
        onProgress: progress.report,
        signal,
      });
      const ms = performance.now() - began;
      for (const end of scratch.splice(0)) await end();
      await output.close();
      tell(input, options, wish, report, ms, context.backends[0]?.name ?? '');
      return true;
    } catch (error) {
      for (const end of scratch.splice(0)) await end().catch(() => {});
      await output.discard();
      throw error;
    } finally {
      progress.end();
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
    throw new EwaldError('Unsupported', `${name} does not fit into --memory, and ${why}`);
  };
  if (shape.length < 2) refuse('a single line cannot be split into parts; allow more memory');
  if (axes && axes.length < shape.length) refuse('a transform in parts covers all axes; omit --axes');
  if (halved && plan.reducedAxis !== shape.length - 1) refuse('a transform in parts always halves the last axis');
  if (kind === 'real') refuse('kind real is not supported in parts; use r2c');
  if (plan.kind === 'c2c' && !header.complex) refuse('its numbers are real; in parts use r2c, or convert them first');
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

function tell(
  input: string,
  options: Options,
  { outShape: shape, kind, axes, complexOut }: Wish,
  { passes, bytesRead, bytesWritten, transformMs }: Awaited<ReturnType<typeof transformOnDisk>>,
  ms: number,
  backend: string,
): void {
  const engine = options.engine ?? 'ewald';
  if (options.json)
    printJson({
      input,
      output: options.output,
      shape,
      kind,
      axes: axes ?? null,
      backend,
      engine,
      ms,
      passes,
      bytesRead,
      bytesWritten,
      transformMs,
    });
  else
    print(
      `${bold(options.output)}  ${shape.join(' × ')} ${complexOut ? 'complex' : 'real'} ` +
        ` ${dim(
          `${kind}${options.inverse ? ' inverse' : ''} on ${backend}, ${passes} passes over the ` +
            `file, ${(ms / 1000).toFixed(2)} s`,
        )}`,
    );
}
