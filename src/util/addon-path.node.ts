/**
 * Where an addon of the package is: next to the bundle in a clone that was built, in the package of this platform, or
 * in the source package after its command has built it. Node only.
 */
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import module from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addonPackages, sourcePackage } from './addon-packages.js';

/** An addon, and the reason why it is missing if there is no file at `path`. */
interface AddonPlace {
  readonly path: string;
  readonly exists: boolean;
  /** Where it comes from, such as `the package @ewald/native-linux-x64`. */
  readonly from: string;
  /** What was searched and how to get the addon; empty if it exists. */
  readonly why: string;
}

const target = `${process.platform}-${process.arch}`;

/** The C library for which an addon has to be built. */
type Libc = 'glibc' | 'musl';

/** The given addon, or the first one that exists of the places in which it is searched. */
export function findAddon(name: string, given: string | undefined, libc: Libc = libcOfProgram()): AddonPlace {
  if (given !== undefined) return placeAt(given, 'addonPath', `there is no file ${given}, which addonPath names`);
  // Not by `new URL`: webpack would look for the folder, which the package does not have.
  const beside = join(dirname(fileURLToPath(import.meta.url)), 'native', target, `${name}.node`);
  if (existsSync(beside)) return placeAt(beside, 'this build');
  const packages = packagesFor(name, libc);
  for (const found of packages) {
    const manifest = manifestOf(found);
    if (manifest) return placeAt(join(dirname(manifest), `${name}.node`), `the package ${found}`);
  }
  const source = manifestOf(sourcePackage);
  const built = source && join(dirname(source), 'native', target, `${name}.node`);
  if (built && existsSync(built)) return placeAt(built, `the package ${sourcePackage}`);
  const tools = libc === 'musl' ? 'CMake and a C++ compiler (apk add cmake make g++)' : 'CMake and a C++ compiler';
  const build = `npm install ${sourcePackage} && npx ewald-build-native builds one with ${tools}`;
  const [first] = packages;
  const get = first
    ? `the package ${first} is not installed (npm install ${first}${libc === 'musl' ? `; or ${build}` : ''})`
    : `no package has one for this platform; ${build}`;
  const machine = libc === 'musl' ? `${target} with musl` : target;
  return placeAt(
    beside,
    'this build',
    `no addon ${name} for ${machine}: ${get}; none was built (looked for ${beside})`,
  );
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
export function packagesFor(name: string, libc = libcOfProgram()): string[] {
  const fitting = addonPackages.filter(
    ({ addon, os, cpu }) => addon === name && os === process.platform && cpu === process.arch,
  );
  return fitting.filter((addonPackage) => addonPackage.libc === libc).map((addonPackage) => addonPackage.name);
}

/** The C library of a program, whose ELF header names its loader; npm before 10 ignores `libc` of packages. */
export function libcOfProgram(program = process.execPath): Libc {
  if (process.platform !== 'linux') return 'glibc';
  try {
    const file = openSync(program, 'r');
    try {
      const head = Buffer.alloc(4096);
      const text = head.toString('latin1', 0, readSync(file, head, 0, head.length, 0));
      return text.includes('/ld-musl-') ? 'musl' : 'glibc';
    } finally {
      closeSync(file);
    }
  } catch {
    return 'glibc';
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
 * How many bytes a file of Linux lacks according to its ELF header, whose table of sections is its end; 0 for other files.
 * The system maps a library without reading it: a page that is missing ends the process when it is used.
 */
function missingBytes(file: string): number {
  const head = Buffer.alloc(64);
  const handle = openSync(file, 'r');
  try {
    readSync(handle, head, 0, head.length, 0);
    const isElf64 = head.readUInt32BE(0) === 0x7f454c46 && head[4] === 2 && head[5] === 1;
    if (!isElf64) return 0;
    const end = Number(head.readBigUInt64LE(40)) + head.readUInt16LE(58) * head.readUInt16LE(60);
    return Math.max(0, end - fstatSync(handle).size);
  } finally {
    closeSync(handle);
  }
}

/**
 * Loads an addon. Throws an Error for a file that is cut off. webpack follows a `createRequire` imported by name and warns because the argument is not a literal;
 * it ignores one called as a member of the module.
 */
export function loadAddon(path: string): unknown {
  const file = resolve(path);
  const missing = missingBytes(file);
  if (missing > 0) throw new Error(`${file} is cut off: ${missing} bytes are missing; install it again`);
  return module.createRequire(file)(file);
}
