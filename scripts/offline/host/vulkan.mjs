// Finds a Vulkan setup for Dawn. Compute machines often have NVIDIA's driver without the loader, or without a manifest
// in the folders that the loader searches. So several setups are tried in order, and the first one that finds a card is
// used.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { libraryPath, linkerFinds } from './find.mjs';

const softwareName = /software|swiftshader|llvmpipe|lavapipe/i;

const manifestsIn = (folder) => {
  try {
    return readdirSync(folder)
      .filter((name) => /nvidia.*\.json$/.test(name))
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
};

/** The setups, the most common first: { name, env }. */
export function vulkanWays(env, work) {
  const base = { ...env };
  const prepend = (from, folder) => ({
    ...from,
    LD_LIBRARY_PATH: [folder, from.LD_LIBRARY_PATH].filter(Boolean).join(':'),
  });
  const loader = linkerFinds('libvulkan.so.1', env);
  const carried = join(work, 'vulkan');
  const start = loader ? base : prepend(base, carried);
  const named = loader ? "this machine's loader" : 'the loader of the pack';
  const ways = [{ name: named, env: start }];
  const through = (name, manifest, from = start) =>
    ways.push({ name: `${named}, ${name}`, env: { ...from, VK_DRIVER_FILES: manifest, VK_ICD_FILENAMES: manifest } });
  // A manifest that was installed with the driver, in the share folder next to its libraries.
  const libraries = ['libGLX_nvidia.so.0', 'libEGL_nvidia.so.0', 'libcuda.so.1']
    .map((name) => libraryPath(name, env))
    .filter(Boolean);
  const shares = [
    ...new Set(libraries.flatMap((path) => [join(dirname(path), '../share'), join(dirname(path), '../../share')])),
  ];
  for (const manifest of shares.flatMap((share) => manifestsIn(join(share, 'vulkan/icd.d'))))
    through(manifest, manifest);
  // A manifest written here for a driver that has none: through GLX, and through EGL, which needs no X libraries.
  for (const path of libraries.filter((library) => !library.endsWith('libcuda.so.1'))) {
    const manifest = join(work, 'vulkan', `${basename(path, '.so.0')}.json`);
    mkdirSync(dirname(manifest), { recursive: true });
    writeFileSync(
      manifest,
      JSON.stringify({ file_format_version: '1.0.0', ICD: { library_path: path, api_version: '1.3.0' } }),
    );
    const dispatch = linkerFinds('libGLdispatch.so.0', env) || !existsSync(join(carried, 'libGLdispatch.so.0'));
    through(`own manifest for ${basename(path)}`, manifest, dispatch ? start : prepend(base, carried));
  }
  return ways;
}

/**
 * Tries the setups with `probe(env)`, which returns { available, name, reason }; returns { env, way, tried }. A
 * software adapter is used only if no setup finds a card.
 */
export async function findVulkan(env, work, probe) {
  const tried = [];
  let best;
  for (const way of vulkanWays(env, work)) {
    const found = await probe(way.env);
    tried.push({ way: way.name, ...found });
    const rank = !found.available ? 0 : softwareName.test(`${found.name} ${found.reason}`) ? 1 : 2;
    if (!best || rank > best.rank) best = { rank, way };
    if (rank === 2) break;
  }
  return { env: best.way.env, way: best.way.name, tried };
}
