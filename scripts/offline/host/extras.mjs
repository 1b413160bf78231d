// Further benchmarks and checks: one line each. pack-offline.mjs puts into the pack what they name, the steps run them
// after the others.
//
// { name, share, least, script: file of scripts/offline/extras/, or of another place `from`, or program: CMake target
// of cuda/, args?(run): string[],
//   absent?(run): why it cannot run here, timing?: a time limit is no failure (default true) }
//
// It is called with --seconds N, prints one JSON document (its `summary`, one line, goes into summary.json) and exits
// with 0 when all is right; `outcome: 'absent'` in it says that it could not run here. EWALD_BACKENDS names the
// backends that are there; `import 'ewald'` is the packed package.
import { existsSync } from 'node:fs';

export const extras = [
  {
    // Images a second by the size of a batch, on good, half spurious, empty and mixed images: what fills a card.
    name: 'indexing-batches',
    share: 30,
    least: 10,
    script: 'batches.mjs',
    from: 'benchmarks/indexing/batches.mjs',
  },
  {
    // Transforms on memory of the card, own kernels and cuFFT (where it is found) side by side, compared before they
    // are timed.
    name: 'fft-cuda',
    share: 12,
    least: 10,
    program: 'ewald_cuda_fft_bench',
    args: ({ host }) => (host.cufft ? ['--cufft', host.cufft] : []),
    absent: ({ host }) => (host.driverLibrary || host.hasNvidia ? undefined : 'no NVIDIA driver on this machine'),
  },
  {
    // The same with runs of 128 bytes across an axis: one number, tried both ways.
    name: 'fft-cuda-128',
    share: 8,
    least: 10,
    program: 'ewald_cuda_fft_bench',
    args: ({ host }) => ['--run', '128', ...(host.cufft ? ['--cufft', host.cufft] : [])],
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
