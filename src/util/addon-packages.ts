/**
 * The packages that hold addons. npm installs the one whose `os`, `cpu` and `libc` are those of the machine; other
 * machines build the addon from the source package. scripts/pack.mjs makes all of them.
 */

/** A package with one addon. */
interface AddonPackage {
  readonly name: string;
  readonly addon: 'ewald_native' | 'ewald_cuda' | 'ewald_mpi';
  readonly os: string;
  readonly cpu: string;
  readonly libc: 'glibc' | 'musl';
  /** npm installs it together with the main package; the others are installed by name. */
  readonly automatic: boolean;
}

/** All packages with an addon. */
export const addonPackages: readonly AddonPackage[] = [
  { name: '@ewald/native-linux-x64', addon: 'ewald_native', os: 'linux', cpu: 'x64', libc: 'glibc', automatic: true },
  {
    name: '@ewald/native-linux-x64-musl',
    addon: 'ewald_native',
    os: 'linux',
    cpu: 'x64',
    libc: 'musl',
    automatic: true,
  },
  {
    name: '@ewald/native-linux-arm64',
    addon: 'ewald_native',
    os: 'linux',
    cpu: 'arm64',
    libc: 'glibc',
    automatic: true,
  },
  { name: '@ewald/cuda-linux-x64', addon: 'ewald_cuda', os: 'linux', cpu: 'x64', libc: 'glibc', automatic: false },
  // Open MPI 4 and 5 share a binary interface (libmpi.so.40); MPICH and its relatives have another.
  { name: '@ewald/openmpi-linux-x64', addon: 'ewald_mpi', os: 'linux', cpu: 'x64', libc: 'glibc', automatic: false },
];

/** The package with the C++ sources, whose command `ewald-build-native` builds the addon for any other machine. */
export const sourcePackage = '@ewald/source';
