/** Runs a UDF's own WGSL: maps its buffers, parameters and auxiliary data to a device, and its results back. */

import type { FrameArray } from '../../bytes/dtype.js';
import { udfNumbers } from '../../compute/layout/udf.js';
import { EwaldError } from '../../util/errors.js';
import { product } from '../../util/product.js';
import { mergeInto } from '../execution/running-udf.js';
import type { FrameFunction } from '../pass/function.js';
import { checkWgslName, functionArrays } from '../pass/function-checks.js';
import type { FunctionArray, FunctionDescriptor, FunctionResult } from '../pass/function-contract.js';
import type { PassDtype } from '../pass/pass.js';
import type { UdfCore } from '../room.js';
import { auxStride, isAux } from './aux.js';
import { type BufferDeclarations, strideOf } from './buffers.js';
import type { Arrays, BufferArray, BufferDtype } from './dtypes.js';
import type { AnyUdf, PartitionMeta, UdfMeta } from './udf.js';

/** The parts of a partition's UDF that its WGSL requires. */
interface WgslJob {
  readonly udf: AnyUdf;
  readonly params: Readonly<Record<string, unknown>>;
  readonly declarations: BufferDeclarations;
  readonly arrays: Arrays;
  readonly meta: PartitionMeta;
}

const typeOf = (udf: string, name: string, dtype: BufferDtype): FunctionResult['type'] => {
  if (dtype === 'u64' || dtype === 'i64')
    throw new EwaldError(
      'Argument',
      `the UDF ${udf}: the result ${name} is ${dtype}, but WGSL only has 32-bit numbers; ` +
        'use another dtype or omit processFrameWgsl',
    );
  return /^[fc]/.test(dtype) ? 'f32' : dtype.startsWith('i') ? 'i32' : 'u32';
};

/** Whether WGSL can process the frames of a run. */
const wgslTakes = ({ inputDtype, sig }: UdfMeta): boolean => Object.hasOwn(udfNumbers, inputDtype) && sig.length > 0;

const isNumbers = (value: unknown): value is ArrayLike<number> =>
  (ArrayBuffer.isView(value) && !(value instanceof DataView)) ||
  (Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'number'));

const isNumber = (value: unknown): value is number | boolean => typeof value === 'number' || typeof value === 'boolean';

/** The device's description of a UDF. */
function functionOf({ udf, params, declarations, meta }: Omit<WgslJob, 'arrays'>): FunctionDescriptor {
  const { name, processFrameWgsl } = udf.definition;
  const width = meta.sig.at(-1) as number;
  const pixels = product(meta.sig);
  const results = Object.entries(declarations)
    .filter(([, { use }]) => use !== 'resultOnly')
    .map(([result, declaration]): FunctionResult => {
      checkWgslName(`the UDF ${name}`, result);
      const stride = strideOf(declaration);
      const nav = declaration.kind === 'nav';
      return {
        name: result,
        kind: nav ? 'nav' : 'group',
        type: typeOf(name, result, declaration.dtype),
        numbers: declaration.kind === 'sig' ? stride * pixels : stride,
      };
    });
  const named = Object.entries(params);
  for (const [param, value] of named)
    if (isNumber(value) || isAux(value) || isNumbers(value)) checkWgslName(`the UDF ${name}`, param);
  return {
    name,
    source: processFrameWgsl as string,
    dtype: meta.inputDtype as PassDtype,
    width,
    height: pixels / width,
    results,
    params: named.filter(([, value]) => isNumber(value)).map(([param]) => param),
    tables: named.flatMap(([param, value]) => {
      if (isAux(value)) {
        const nav = value.kind === 'nav';
        return [
          { name: param, kind: nav ? 'nav' : 'fixed', numbers: nav ? auxStride(value) : value.data.length } as const,
        ];
      }
      return isNumbers(value) ? [{ name: param, kind: 'fixed', numbers: value.length } as const] : [];
    }),
  };
}

/** The functions of a run: each is compiled once and kept for its partitions. */
export class Functions {
  readonly #open: () => Promise<UdfCore>;
  readonly #plans = new Map<string, Promise<FrameFunction | undefined>>();

  constructor(open: () => Promise<UdfCore>) {
    this.#open = open;
  }

  /** Runs a UDF on WebGPU; returns false if there is none, and JavaScript must run it. */
  async run(job: WgslJob, frames: FrameArray): Promise<boolean> {
    if (job.udf.definition.processFrameWgsl === undefined || !wgslTakes(job.meta)) return false;
    const descriptor = functionOf(job);
    const key = JSON.stringify(descriptor);
    let plan = this.#plans.get(key);
    if (!plan) {
      plan = this.#open().then((context) =>
        context.backends.some(({ name }) => name === 'webgpu') ? context.frameFunction(descriptor) : undefined,
      );
      this.#plans.set(key, plan);
    }
    const planned = await plan;
    if (!planned) return false;
    await runOn(planned, descriptor, job, frames);
    return true;
  }

  async dispose(): Promise<void> {
    for (const plan of this.#plans.values()) await (await plan.catch(() => undefined))?.dispose();
    this.#plans.clear();
  }
}

async function runOn(planned: FrameFunction, descriptor: FunctionDescriptor, job: WgslJob, frames: FrameArray) {
  const { udf, params, declarations, arrays: whole, meta } = job;
  const of = (name: string): Float64Array => whole[name] as unknown as Float64Array;
  const results = descriptor.results.map(({ name, type }): FunctionArray => functionArrays[type].from(of(name)));
  const groups = await planned.run({
    frames,
    count: meta.positions.length,
    positions: meta.positions,
    params: Float32Array.from(descriptor.params, (name) => Number(params[name])),
    tables: descriptor.tables.map(({ name }) => {
      const value = params[name];
      return Float32Array.from((isAux(value) ? value.data : value) as ArrayLike<number>);
    }),
    results,
  });
  for (const [i, { name, kind }] of descriptor.results.entries()) if (kind === 'nav') of(name).set(results[i] as never);
  const grouped = descriptor.results.filter(({ kind }) => kind === 'group');
  // Groups of frames are merged like partitions, by the UDF itself; views per frame are not part of them.
  for (const [g, group] of groups.entries()) {
    const src: Arrays = {};
    for (const [i, { name }] of grouped.entries()) {
      const like = whole[name] as BufferArray;
      const copy = like.slice() as unknown as Float64Array;
      copy.set(group[i] as never);
      src[name] = copy as unknown as BufferArray;
    }
    if (g === 0) for (const { name } of grouped) of(name).set(src[name] as never);
    else {
      const none = Object.entries(declarations).filter(([name]) => !(name in src));
      const empty = Object.fromEntries(
        none.map(([name]) => [name, (whole[name] as BufferArray).slice(0, 0)]),
      ) as Arrays;
      const dest = { ...empty, ...Object.fromEntries(grouped.map(({ name }) => [name, whole[name]])) } as Arrays;
      mergeInto(udf, { dest, src: { ...empty, ...src }, params, meta });
    }
  }
}
