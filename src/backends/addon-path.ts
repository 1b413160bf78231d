/**
 * Where an addon of the package is: next to the bundle in a clone that was built, in the package of this platform, or
 * in the source package after its command has built it. Node only.
 */
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import module from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addonPackages, sourcePackage } from './addon-packages.js';

/** An addon, and the reason why it is missing if there is no file at `path`. */
export interface AddonPlace {
  readonly path: string;
  readonly exists: boolean;
  /** Where it comes from, such as `the package @ewald/native-linux-x64`. */
  readonly from: string;
  /** What was searched and how to get the addon; empty if it exists. */
  readonly why: string;
}

const target = `${process.platform}-${process.arch}`;

/** The given addon, or the first one that exists of the places in which it is searched. */
export function findAddon(name: string, given: string | undefined): AddonPlace {
  if (given !== undefined) return placeAt(given, 'addonPath', `there is no file ${given}, which addonPath names`);
  // Not by `new URL`: webpack would look for the folder, which the package does not have.
  const beside = join(dirname(fileURLToPath(import.meta.url)), 'native', target, `${name}.node`);
  if (existsSync(beside)) return placeAt(beside, 'this build');
  const packages = packagesFor(name);
  for (const found of packages) {
    const manifest = manifestOf(found);
    if (manifest) return placeAt(join(dirname(manifest), `${name}.node`), `the package ${found}`);
  }
  const source = manifestOf(sourcePackage);
  const built = source && join(dirname(source), 'native', target, `${name}.node`);
  if (built && existsSync(built)) return placeAt(built, `the package ${sourcePackage}`);
  const build = `npm install ${sourcePackage} && npx ewald-build-native builds one with CMake and a C++ compiler`;
  const get =
    packages.length > 0
      ? `the package ${packages[0]} is not installed (npm install ${packages[0]})`
      : `no package has one for this platform; ${build}`;
  return placeAt(beside, 'this build', `no addon ${name} for ${target}: ${get}; none was built (looked for ${beside})`);
}

/** Path of an addon, or the given path; otherwise where `npm run build` would place it. */
export function addonPath(name: string, given: string | undefined): string {
  return findAddon(name, given).path;
}

function placeAt(path: string, from: string, missing = `there is no file ${path} in ${from}; install it again`) {
  const exists = existsSync(path);
  return { path, exists, from, why: exists ? '' : missing };
}

/** Names of the packages that have an addon for this platform and its C library. */
function packagesFor(name: string): string[] {
  const fitting = addonPackages.filter(
    ({ addon, os, cpu }) => addon === name && os === process.platform && cpu === process.arch,
  );
  if (fitting.length === 0) return [];
  const libc = usesMusl() ? 'musl' : 'glibc';
  return fitting.filter((found) => found.libc === libc).map((found) => found.name);
}

/** Whether the running program uses musl: its ELF header names the loader. npm before 10 ignores `libc`. */
function usesMusl(): boolean {
  try {
    const file = openSync(process.execPath, 'r');
    try {
      const head = Buffer.alloc(4096);
      return head.toString('latin1', 0, readSync(file, head, 0, head.length, 0)).includes('/ld-musl-');
    } finally {
      closeSync(file);
    }
  } catch {
    return false;
  }
}

/** Path of the package.json of an installed package. */
function manifestOf(name: string): string | undefined {
  try {
    return module.createRequire(import.meta.url).resolve(`${name}/package.json`);
  } catch {
    return undefined;
  }
}

/**
 * Loads an addon. webpack follows a `createRequire` imported by name and warns because the argument is not a literal;
 * it ignores one called as a member of the module.
 */
export function loadAddon(path: string): unknown {
  const file = resolve(path);
  return module.createRequire(file)(file);
}
