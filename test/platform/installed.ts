/** Packs the package and installs the tarball in an empty project, once for all tests. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { npm, pack } from './processes.js';

declare module 'vitest' {
  interface ProvidedContext {
    installed: string;
  }
}

export default async function install(project: TestProject): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-installed-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    writeFileSync(join(folder, 'package.json'), '{ "name": "user", "private": true, "type": "module" }\n');
    const { filename } = await pack(folder);
    const { code, err } = await npm(['install', '--prefer-offline', '--no-package-lock', join(folder, filename)], {
      cwd: folder,
      seconds: 240,
    });
    if (code !== 0) throw new Error(`npm install of the packed package failed: ${err}`);
  } catch (error) {
    remove();
    throw error;
  }
  project.provide('installed', folder);
  return remove;
}
