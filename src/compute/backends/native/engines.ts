/**
 * External FFT engines: where their libraries are searched for, and how to install missing ones; cpp/engines loads
 * them. Node only.
 */
import { statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { EwaldError } from '../../../util/errors.js';
import type { PlatformSignal } from '../../../util/globals.js';
import { fftDescriptor } from '../../layout/fft.js';
import { type FieldValues, pack } from '../../layout/struct.js';
import type { EngineReport, ExternalEngine } from '../engines.js';
import { addonError } from '../status.js';

/** The addon's answer about an engine. */
interface EngineFound {
  readonly available: boolean;
  readonly version: string;
  readonly file: string;
  readonly why: string;
}

/** The functions of the addon that belong to engines. */
export interface EngineAddon {
  engineFind(engine: string, libraries: readonly (readonly string[])[], f64: boolean): EngineFound;
  engineCreate(
    engine: string,
    libraries: readonly (readonly string[])[],
    descriptor: Uint8Array,
    measure: boolean,
    ender: object,
  ): Promise<object>;
  /** Cancels a plan under construction. */
  engineEnder(): object;
  engineEnd(ender: object): void;
  engineDestroy(plan: object): Promise<void>;
}

/** The part of a transform's descriptor that decides whether an engine supports it. */
interface EngineDescriptor {
  readonly kind: string;
  readonly precision: 'f32' | 'f64';
  readonly userWorkspace: boolean;
  readonly measure: boolean;
  readonly signal: PlatformSignal | undefined;
  readonly fields: FieldValues;
}

type Names = Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>>;

interface Engine {
  readonly title: string;
  readonly install: string;
  /** Results were compared with the oracle using the real library, not a stand-in. */
  readonly proven: boolean;
  /** Library names by platform: the engine's own, then its dependencies. */
  libraries(f64: boolean): readonly Names[];
}

const fftwNames = (stem: string): Names => ({
  linux: [`lib${stem}.so.3`, `lib${stem}.so`],
  darwin: [`lib${stem}.3.dylib`, `/opt/homebrew/lib/lib${stem}.3.dylib`, `/usr/local/lib/lib${stem}.3.dylib`],
  win32: [`lib${stem}-3.dll`, `${stem}.dll`],
});
const numbered = (stem: string, versions: readonly number[], windows: readonly string[] = []): Names => ({
  linux: [...versions.map((version) => `${stem}.so.${version}`), `${stem}.so`],
  win32: windows,
});

const engines: Readonly<Record<ExternalEngine, Engine>> = {
  fftw: {
    title: 'FFTW 3',
    install: 'install it (Debian: libfftw3-single3 libfftw3-double3, macOS: brew install fftw)',
    proven: true,
    libraries: (f64) => [fftwNames(f64 ? 'fftw3' : 'fftw3f'), fftwNames(f64 ? 'fftw3_threads' : 'fftw3f_threads')],
  },
  mkl: {
    title: 'MKL',
    install: 'install oneMKL',
    proven: false,
    libraries: () => [
      {
        ...numbered('libmkl_rt', [3, 2, 1], ['mkl_rt.3.dll', 'mkl_rt.2.dll', 'mkl_rt.dll']),
        darwin: ['libmkl_rt.2.dylib', 'libmkl_rt.dylib'],
      },
    ],
  },
  cufft: {
    title: 'cuFFT',
    install: "install the CUDA toolkit's libcufft and libcudart",
    proven: false,
    libraries: () => [
      numbered('libcufft', [12, 11, 10], ['cufft64_12.dll', 'cufft64_11.dll', 'cufft64_10.dll']),
      numbered('libcudart', [13, 12], ['cudart64_13.dll', 'cudart64_12.dll', 'cudart64_110.dll']),
    ],
  },
  rocfft: {
    title: 'rocFFT',
    install: "install ROCm's rocfft and hip runtime",
    proven: false,
    libraries: () => [
      numbered('librocfft', [1, 0], ['rocfft.dll']),
      numbered('libamdhip64', [7, 6, 5], ['amdhip64_7.dll', 'amdhip64_6.dll', 'amdhip64.dll']),
    ],
  },
};

const variable = (engine: ExternalEngine): string => `EWALD_ENGINE_${engine.toUpperCase()}`;

/**
 * What the addon should try: EWALD_ENGINE_X, a library or its folder, if it is set; otherwise the system loader's
 * search path.
 */
function librariesOf(engine: ExternalEngine, f64: boolean): string[][] {
  const named = process.env[variable(engine)];
  const lists = engines[engine].libraries(f64).map((names) => [...(names[process.platform] ?? [])]);
  if (!named) return lists;
  const isFolder = statSync(named, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const folder = isFolder ? named : dirname(named);
  return lists.map((names, i) => [
    ...(i === 0 && !isFolder ? [named] : []),
    ...names.map((name) => join(folder, basename(name))),
  ]);
}

/** The answer about an engine: `why` says what is missing, `advice` what to do, `tried` what was searched for. */
interface Search extends EngineFound {
  readonly advice: string;
  readonly tried: readonly string[];
}

/** Whether an engine is available for a precision, and where it is or how to install it. */
function find(addon: EngineAddon, engine: ExternalEngine, f64: boolean): Search {
  const { title, install } = engines[engine];
  const libraries = librariesOf(engine, f64);
  if (libraries.some((names) => names.length === 0))
    return {
      available: false,
      version: '',
      file: '',
      advice: '',
      tried: [],
      why: `${title} does not exist for ${process.platform}`,
    };
  const engineFound = addon.engineFind(engine, libraries, f64);
  if (engineFound.available) return { ...engineFound, advice: '', tried: [] };
  // FFTW's threads library is optional.
  const tried = (engine === 'fftw' ? libraries.slice(0, 1) : libraries).flat();
  return {
    ...engineFound,
    tried,
    why: `${title} cannot be used: ${engineFound.why}`,
    advice: `; ${install}, or name it in ${variable(engine)}`,
  };
}

/** Why an engine cannot execute a plan, before anything is allocated. */
export function supportsEngine(
  addon: EngineAddon,
  engine: ExternalEngine,
  descriptor: EngineDescriptor,
): true | { readonly why: string } {
  const { title } = engines[engine];
  const gpu = engine === 'cufft' || engine === 'rocfft';
  if (gpu && descriptor.kind === 'r2r')
    return { why: `${title} has no sine and cosine transforms; use the engine ewald or fftw` };
  if (gpu && descriptor.userWorkspace) return { why: `${title} keeps its workspace on the card; omit userWorkspace` };
  const { available, why, tried, advice } = find(addon, engine, descriptor.precision === 'f64');
  const searched = tried.length === 0 ? '' : `; tried ${tried.join(', ')}`;
  return available ? true : { why: `${why}${searched}${advice}` };
}

/**
 * Plans with an engine; MKL and the GPU engines measure nothing. A signal stops FFTW's measurements between two
 * candidates.
 */
export async function createEnginePlan(
  addon: EngineAddon,
  engine: ExternalEngine,
  descriptor: EngineDescriptor,
): Promise<object> {
  const { precision, fields, measure, signal } = descriptor;
  const libraries = librariesOf(engine, precision === 'f64');
  const ender = addon.engineEnder();
  const end = (): void => addon.engineEnd(ender);
  signal?.addEventListener('abort', end);
  try {
    const plan = await addon.engineCreate(engine, libraries, pack(fftDescriptor, fields), measure, ender);
    if (!signal?.aborted) return plan;
    await addon.engineDestroy(plan);
  } catch (error) {
    if (!signal?.aborted) throw addonError(error);
  } finally {
    signal?.removeEventListener('abort', end);
  }
  throw new EwaldError('Aborted', `fft: planning by ${engines[engine].title} was aborted by its signal`, {
    cause: signal.reason,
  });
}

/** Every engine, for `ewald devices`. */
export function reportEngines(addon: EngineAddon): EngineReport[] {
  return (Object.keys(engines) as ExternalEngine[]).map((engine) => {
    // FFTW has one library per precision; the other engines give the same answer twice.
    const [single, double] = [find(addon, engine, false), find(addon, engine, true)];
    const search = double.available && !single.available ? double : single;
    const { title, proven } = engines[engine];
    const which =
      engine !== 'fftw' || single.available === double.available
        ? ''
        : ` (${single.available ? 'single' : 'double'} precision only)`;
    return {
      engine,
      available: search.available,
      proven,
      version: search.available ? search.version : null,
      library: search.available ? basename(search.file) : null,
      reason: search.available ? `${title} ${search.version}${which}` : `${search.why}${search.advice}`,
      tried: search.tried,
    };
  });
}
