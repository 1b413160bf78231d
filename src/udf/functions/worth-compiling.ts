/** Tells of functions whose loop over pixels takes most of a long run, which a module of WebAssembly would shorten. */

/** What is asked of a function. */
interface AnyFunction {
  readonly definition: {
    readonly name: string;
    readonly processFrame?: unknown;
    readonly wasm?: unknown;
    readonly processFrameWgsl?: unknown;
  };
}

/** A shorter run is not worth another language, s. */
const minS = 10;
/** A thread that reads and sums frames by compiled code is faster than this, bytes/s; a loop in JavaScript is not. */
const compiledRate = 1.5e9;

/**
 * A sentence about the functions of a run that compute each frame in JavaScript; undefined if there are none, or if the
 * run was short or as fast as compiled code.
 *
 * @param run `bytes`: of the frames. `seconds`: of the run. `threads`: those that processed frames.
 */
export function worthCompiling(
  udfs: readonly AnyFunction[],
  { bytes, seconds, threads }: { readonly bytes: number; readonly seconds: number; readonly threads: number },
): string | undefined {
  if (!(seconds >= minS) || bytes / seconds / threads >= compiledRate) return undefined;
  const names = udfs
    .filter(({ definition: { processFrame, wasm, processFrameWgsl } }) => processFrame && !wasm && !processFrameWgsl)
    .map(({ definition }) => definition.name);
  const [first] = names;
  if (first === undefined) return undefined;
  return (
    `${names.join(' and ')} computed each frame in JavaScript. In a module of WebAssembly, the same loop is usually ` +
    `several times as fast: ewald udf new ${first} --language as (AssemblyScript) starts one`
  );
}
