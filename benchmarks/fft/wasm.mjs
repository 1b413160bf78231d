// Runs a standalone wasm build of driver.cpp (or verify.cpp) under node:  node wasm.mjs driver.wasm [arguments]
import { readFileSync } from 'node:fs';
import { WASI } from 'node:wasi';

const [file, ...args] = process.argv.slice(2);
const wasi = new WASI({ version: 'preview1', args: [file, ...args], returnOnExit: true });
const bench = {
  cpu_seconds() {
    const { user, system } = process.cpuUsage();
    return (user + system) * 1e-6;
  },
  wall_seconds: () => performance.now() * 1e-3,
};
const module = new WebAssembly.Module(readFileSync(file));
// Emscripten's own imports (memory growth notices, for example) are unused here.
const env = Object.fromEntries(
  WebAssembly.Module.imports(module)
    .filter((i) => i.module === 'env')
    .map((i) => [i.name, () => 0]),
);
const instance = new WebAssembly.Instance(module, { wasi_snapshot_preview1: wasi.wasiImport, bench, env });
process.exitCode = wasi.start(instance);
