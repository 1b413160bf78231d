// The bill of materials of a release in CycloneDX: the packages that npm installs with ewald, as `npm sbom` lists them,
// and what the compilers link into the binaries, which npm does not know.
import { spawnSync } from 'node:child_process';
import { root, run, tail } from '../lib/run.mjs';

/** The first line of `TOOL --version`; undefined without the tool. */
export function versionOf(tool, ...words) {
  const { status, stdout } = spawnSync(tool, words.length > 0 ? words : ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim().split('\n')[0] : undefined;
}

const library = (name, version, license, description) => ({
  type: 'library',
  'bom-ref': `${name}@${version}`,
  name,
  version,
  description,
  licenses: [{ expression: license }],
});

/** Libraries that are linked into what is shipped, by package. */
export function linkedLibraries(names) {
  const gcc = versionOf('g++', '-dumpfullversion') ?? 'unknown';
  const emscripten = /(\d+\.\d+\.\d+)/.exec(versionOf('emcc') ?? '')?.[1] ?? 'unknown';
  const cuda = /release (\d+\.\d+)/.exec(spawnSync('nvcc', ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[1];
  const found = [library('emscripten-libc', emscripten, 'MIT', 'musl and compiler-rt in ewald.wasm')];
  if (names.some((name) => name.startsWith('@ewald/native')))
    found.push(
      library('libstdc++', gcc, 'GPL-3.0-or-later WITH GCC-exception-3.1', 'linked statically into the native addons'),
    );
  if (names.some((name) => name.startsWith('@ewald/cuda')) && cuda)
    found.push(library('cudart', cuda, 'LicenseRef-NVIDIA-CUDA-EULA', 'linked statically into the CUDA addon'));
  return found;
}

/** The bill of materials as an object. `names` are the packages of the release. */
export async function billOfMaterials(names) {
  const words = ['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'library', '--omit', 'dev', '--omit', 'optional'];
  const { code, output, errors } = await run('npm', [...words, '--omit', 'peer'], {
    cwd: root,
    apart: true,
    env: { npm_config_loglevel: 'error' },
  });
  if (code !== 0) throw new Error(`npm sbom failed: ${tail(errors)}`);
  const bill = JSON.parse(output);
  // npm calls a clone by the name of its folder.
  bill.metadata.component.name = 'ewald';
  const linked = linkedLibraries(names);
  bill.components = [...(bill.components ?? []), ...linked];
  const main = bill.metadata.component['bom-ref'];
  const dependsOn = linked.map((entry) => entry['bom-ref']);
  const of = (bill.dependencies ?? []).find(({ ref }) => ref === main);
  if (of) of.dependsOn = [...(of.dependsOn ?? []), ...dependsOn];
  return bill;
}
