// What a release was built from and with, as an unsigned in-toto statement with SLSA's predicate.
import { arch, platform, release } from 'node:os';
import { run } from '../lib/run.mjs';
import { versionOf } from './sbom.mjs';

const tools = { npm: ['npm'], emcc: ['emcc'], 'g++': ['g++'], cmake: ['cmake'], nvcc: ['nvcc'] };

/** The commit of the sources, with `+changes` if the tree differs from it. */
export async function commitOf() {
  const head = await run('git', ['rev-parse', 'HEAD'], { apart: true });
  if (head.code !== 0) return 'unknown';
  const changed = await run('git', ['status', '--porcelain', '--untracked-files=no'], { apart: true });
  return head.output.trim() + (changed.output.trim() === '' ? '' : '+changes');
}

/** The statement about `files`, each { name, sha256 }. */
export async function provenance(version, files) {
  const versions = Object.entries(tools).flatMap(([name, [tool]]) => {
    const found = versionOf(tool);
    return found ? [[name, found]] : [];
  });
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: files.map(({ name, sha256 }) => ({ name, digest: { sha256 } })),
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'npm run release',
        externalParameters: { version },
        internalParameters: { node: process.version, platform: `${platform()} ${release()} ${arch()}` },
        resolvedDependencies: [{ name: 'sources', digest: { gitCommit: await commitOf() } }],
      },
      runDetails: {
        builder: { id: 'a working copy; unsigned', version: Object.fromEntries(versions) },
        metadata: { finishedOn: new Date().toISOString() },
      },
    },
  };
}
