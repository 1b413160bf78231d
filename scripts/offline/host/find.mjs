// Describes this machine: processor, cards, drivers, libraries, tools.
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { lastLines, runChild } from './child.mjs';
import { which } from './which.mjs';

const text = (file) => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};
const list = (folder) => {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
};
const split = (value) => (value ?? '').split(':').filter(Boolean);
const usual = [
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib64',
  '/usr/lib',
  '/lib64',
  '/usr/lib/wsl/lib',
  '/usr/local/nvidia/lib64',
  '/run/opengl-driver/lib',
];

/** Whether the dynamic linker finds a library without help, according to its cache. */
export function linkerFinds(name, env) {
  if (split(env.LD_LIBRARY_PATH).some((folder) => existsSync(join(folder, name)))) return true;
  const cache = text('/etc/ld.so.cache');
  return cache === ''
    ? usual.slice(0, 4).some((folder) => existsSync(join(folder, name)))
    : cache.includes(`${name}\0`);
}

/** Path of a library, or undefined. */
export function libraryPath(name, env) {
  const cached = text('/etc/ld.so.cache').match(new RegExp(`/[^\\0]*/${name.replaceAll('.', '\\.')}(?=\\0)`));
  return [
    ...split(env.LD_LIBRARY_PATH).map((folder) => join(folder, name)),
    ...(cached ?? []),
    ...usual.map((folder) => join(folder, name)),
  ].find(existsSync);
}

/**
 * The cards that nvidia-smi lists, or the reason why there are none. Missing components are reported within ten
 * seconds.
 */
async function nvidia(env) {
  const tool = which('nvidia-smi', { env, folders: ['/usr/bin', '/usr/local/nvidia/bin', '/usr/lib/wsl/lib'] });
  if (!tool) return { gpus: [], why: 'nvidia-smi was not found' };
  const fields = ['name', 'driver_version', 'memory.total', 'compute_cap', 'pci.bus_id'];
  const { code, out, err } = await runChild(tool, [`--query-gpu=${fields.join(',')}`, '--format=csv,noheader'], {
    seconds: 8,
    env,
  });
  if (code !== 0) return { gpus: [], why: `nvidia-smi says: ${lastLines(out + err)}` };
  const lines = out.trim().split('\n').filter(Boolean);
  return {
    gpus: lines.map((line) => {
      const [name, driver, memory, computeCapability] = line.split(',').map((word) => word.trim());
      return { name, driver, memory, computeCapability };
    }),
    why: lines.length > 0 ? null : 'nvidia-smi lists no card',
  };
}

async function computeSanitizer(env) {
  const versions = list('/usr/local').filter((name) => /^cuda/.test(name));
  const roots = [env.CUDA_HOME, env.CUDA_PATH, ...versions.map((name) => `/usr/local/${name}`), '/opt/cuda'].filter(
    Boolean,
  );
  const nvcc = which('nvcc', { env });
  if (nvcc) roots.unshift(dirname(dirname(realpathSync(nvcc))));
  const folders = roots.flatMap((folder) => [join(folder, 'bin'), join(folder, 'compute-sanitizer')]);
  const path = which('compute-sanitizer', { env, folders });
  if (!path) return null;
  const { out } = await runChild(path, ['--version'], { seconds: 8, env });
  return { path, version: /Version\s+(\S+)/i.exec(out)?.[1] ?? lastLines(out, 1) };
}

/** The first Python that has CuPy, found without importing CuPy, which takes seconds; null if there is none. */
async function cupy(env) {
  const folders = [env.VIRTUAL_ENV, env.CONDA_PREFIX].filter(Boolean).map((prefix) => join(prefix, 'bin'));
  const pythons = [...folders, ...split(env.PATH)].flatMap(
    (folder) => which('python3', { env: { PATH: folder } }) ?? [],
  );
  const find = 'import importlib.util, sys; sys.exit(0 if importlib.util.find_spec("cupy") else 4)';
  for (const python of [...new Set(pythons)].slice(0, 4)) {
    const { code } = await runChild(python, ['-c', find], { seconds: 2, env });
    if (code === 0) return python;
  }
  return null;
}

/**
 * cuFFT from a toolkit or from a Python package (CuPy includes one), newest first; null if only the dynamic linker can
 * find it. `home` is that of the user, because children get a different one.
 */
function cufft(env, home) {
  const versions = list('/usr/local').filter((name) => /^cuda/.test(name));
  const toolkits = [env.CUDA_HOME, env.CUDA_PATH, ...versions.map((name) => `/usr/local/${name}`), '/opt/cuda'].filter(
    Boolean,
  );
  const prefixes = [
    env.VIRTUAL_ENV,
    env.CONDA_PREFIX,
    home && join(home, '.local'),
    '/opt/conda',
    '/usr/local',
    '/usr',
  ].filter(Boolean);
  const packages = prefixes.flatMap((prefix) =>
    list(join(prefix, 'lib'))
      .filter((name) => /^python3/.test(name))
      .flatMap((name) => ['site-packages', 'dist-packages'].map((folder) => join(prefix, 'lib', name, folder))),
  );
  const folders = [
    ...packages.flatMap((folder) => [
      ...list(join(folder, 'nvidia')).map((name) => join(folder, 'nvidia', name, 'lib')),
      join(folder, 'cupy/.data/lib'),
    ]),
    ...toolkits.flatMap((folder) => [join(folder, 'lib64'), join(folder, 'targets/x86_64-linux/lib')]),
    ...(env.CONDA_PREFIX ? [join(env.CONDA_PREFIX, 'lib')] : []),
    ...split(env.LD_LIBRARY_PATH),
  ];
  const found = folders.flatMap((folder) =>
    list(folder)
      .filter((name) => /^libcufft\.so\.\d+$/.test(name))
      .map((name) => join(folder, name)),
  );
  const major = (path) => Number(path.split('.').at(-1));
  return found.sort((a, b) => major(b) - major(a))[0] ?? null;
}

/**
 * Finds everything. `env` is the environment of the children, and variables may be added to it. `home` is the folder of
 * the user, which may contain Python packages.
 */
export async function findHost(env, home) {
  // A driver that a container runtime has mounted may be in a folder that only the runtime's own tools search.
  const driver = libraryPath('libcuda.so.1', env);
  if (driver && !linkerFinds('libcuda.so.1', env))
    env.LD_LIBRARY_PATH = [...split(env.LD_LIBRARY_PATH), dirname(driver)].join(':');
  const [{ gpus, why }, sanitizer, python] = await Promise.all([nvidia(env), computeSanitizer(env), cupy(env)]);
  const nodes = [
    ...list('/dev').filter((name) => /^nvidia\d|^nvidiactl$|^dxg$/.test(name)),
    ...list('/dev/dri').map((name) => `dri/${name}`),
  ];
  return {
    os: /^PRETTY_NAME="?([^"\n]*)/m.exec(text('/etc/os-release'))?.[1] ?? 'unknown',
    kernel: release(),
    glibc: process.report.getReport().header.glibcVersionRuntime ?? 'unknown',
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    processors: availableParallelism(),
    memoryBytes: totalmem(),
    root: process.getuid() === 0,
    gpus,
    gpusWhy: why,
    driverLibrary: driver ?? null,
    driver: gpus[0]?.driver ?? /Module\s+([\d.]+)/.exec(text('/proc/driver/nvidia/version'))?.[1] ?? null,
    deviceNodes: nodes,
    // If a card and a driver are visible, a missing CUDA backend is a failure.
    hasNvidia: gpus.length > 0 || (driver !== undefined && nodes.some((name) => /^nvidia\d/.test(name))),
    computeSanitizer: sanitizer,
    cufft: cufft(env, home),
    cupy: python,
  };
}

/**
 * Lists what this machine lacks for the steps, and the consequences; `needs` are the requirements of the pack's CUDA
 * part, if it has one.
 */
export function missingHere(host, needs) {
  const { driver: needed, cuda } = needs ?? {};
  const found = Number.parseFloat(host.driver ?? '');
  const seen = host.driverLibrary || host.hasNvidia;
  const missing = [];
  if (!seen) missing.push(`NVIDIA's driver (libcuda.so.1): steps of CUDA are absent; ${host.gpusWhy}`);
  else if (needed && found < needed)
    missing.push(
      `a newer driver: found ${host.driver}, the CUDA part of this pack was made with CUDA ${cuda} and needs ` +
        `${needed}: cuda will fail; update the driver, or make the pack with an older CUDA toolkit (--nvcc)`,
    );
  if (!host.computeSanitizer) missing.push('compute-sanitizer (in the CUDA toolkit): memcheck and its like are absent');
  if (!host.cufft) missing.push('cuFFT (in the CUDA toolkit, or pip install nvidia-cufft-cu12): fft-cuda has no peer');
  if (!host.cupy) missing.push('CuPy (pip install cupy-cuda12x): cupy is absent');
  return missing;
}
