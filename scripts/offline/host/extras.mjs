// Further benchmarks and checks, one line each. pack-offline.mjs adds the files they name to the pack, and the run
// executes them after the other steps.
//
// { name, share, least, script: file of scripts/offline/extras/ or of the folder `from`, or program: CMake target of
//   cuda/, first?: it runs before the other steps, args?(run): string[], absent?(run): why it cannot run here,
//   timing?: exceeding the time limit is not a failure (default true) }
//
// It is called with --seconds N, prints one JSON document (its `summary`, one line, is copied into summary.json) and
// exits with 0 on success; `outcome: 'absent'` in the document means that it could not run here. EWALD_BACKENDS lists
// the available backends; `import 'ewald'` resolves to the packed package.
import { existsSync } from 'node:fs';

export const extras = [
  {
    // Copies in device memory, over the bus and on the host: what the other rows are divided by. It runs first, and
    // loads the driver by itself.
    name: 'bounds',
    share: 4,
    least: 5,
    program: 'ewald_cuda_bounds',
    first: true,
  },
  {
    // Whole runs and scans from files packed by bitshuffle and LZ4, decoded by the card or by cores, with 1, 4 and 16
    // jobs: the same streams and sums, frames a second, and bytes over the bus.
    name: 'card',
    share: 50,
    least: 20,
    script: 'card.mjs',
    from: 'benchmarks/card/run.mjs',
  },
  {
    // Passes over frames that are streamed or lie in device memory, and peaks with one and several frames in flight.
    name: 'rooms',
    share: 20,
    least: 10,
    script: 'rooms.mjs',
  },
  {
    // Images per second by batch size, on good, half spurious, empty and mixed images: finds the size that fills a
    // card.
    name: 'indexing-batches',
    share: 30,
    least: 10,
    script: 'batches.mjs',
    from: 'benchmarks/indexing/batches.mjs',
  },
  {
    // Transforms in device memory with our kernels and cuFFT (where it is found), side by side. Results are compared
    // before timing.
    name: 'fft-cuda',
    share: 12,
    least: 10,
    program: 'ewald_cuda_fft_bench',
    args: ({ host }) => (host.cufft ? ['--cufft', host.cufft] : []),
    absent: ({ host }) => (host.driverLibrary || host.hasNvidia ? undefined : 'no NVIDIA driver on this machine'),
  },
  {
    // Only the transforms that were slower than cuFFT on a card (benchmarks/results/gpu.md). The emulator takes smaller
    // batches.
    name: 'fft-aims',
    share: 12,
    least: 10,
    program: 'ewald_cuda_fft_bench',
    args: ({ host, devices }) => {
      const isEmulated = devices?.some(({ backend, name }) => backend === 'cuda' && /emulated/.test(name ?? ''));
      const shapes = isEmulated
        ? ['1009*8', '1048576', '1000x1000', 'r2c:1000x1000', '512x512']
        : ['1009*8192', '1048576*16', '1000x1000*8', 'r2c:1000x1000*8', '512x512*32'];
      return [...shapes.flatMap((shape) => ['--shape', shape]), ...(host.cufft ? ['--cufft', host.cufft] : [])];
    },
    absent: ({ host }) => (host.driverLibrary || host.hasNvidia ? undefined : 'no NVIDIA driver on this machine'),
  },
  {
    // All transforms with runs of 64 bytes across an axis, to compare both values of this parameter.
    name: 'fft-cuda-64',
    share: 8,
    least: 10,
    program: 'ewald_cuda_fft_bench',
    args: ({ host }) => ['--run', '64', ...(host.cufft ? ['--cufft', host.cufft] : [])],
    absent: ({ host }) => (host.driverLibrary || host.hasNvidia ? undefined : 'no NVIDIA driver on this machine'),
  },
  {
    // The same without slabs, to compare the passes that the card's L2 cache decides with whole ones.
    name: 'fft-cuda-whole',
    share: 8,
    least: 10,
    program: 'ewald_cuda_fft_bench',
    args: ({ host }) => ['--slab', '0', ...(host.cufft ? ['--cufft', host.cufft] : [])],
    absent: ({ host }) => (host.driverLibrary || host.hasNvidia ? undefined : 'no NVIDIA driver on this machine'),
  },
  {
    name: 'cupy',
    share: 8,
    least: 10,
    script: 'cupy.mjs',
    absent: ({ host }) => {
      if (!host.driverLibrary && !host.hasNvidia) return 'no NVIDIA driver on this machine';
      return host.cupy ? undefined : 'no Python on this machine has CuPy';
    },
  },
  {
    name: 'openings',
    share: 8,
    least: 5,
    script: 'openings.mjs',
    absent: () =>
      existsSync('/proc/self/task') ? undefined : '/proc is not mounted, which counts threads and handles',
  },
];
