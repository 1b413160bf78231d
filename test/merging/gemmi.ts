/** gemmi, if its Python module is installed (python3-gemmi of Debian): an independent reader of MTZ files. */
import { spawnSync } from 'node:child_process';

/** A Python that has it: that of the path, or Debian's, which has Debian's modules. */
const python = ['python3', '/usr/bin/python3'].find(
  (name) => spawnSync(name, ['-c', 'import gemmi'], { stdio: 'ignore' }).status === 0,
);

/** Whether gemmi is installed. */
export const gemmi = python !== undefined;

/** Runs a Python program with this standard input; returns what it prints. */
export function askGemmi(program: string, input = ''): string {
  const { status, stdout, stderr } = spawnSync(python ?? 'python3', ['-c', program], { input, encoding: 'utf8' });
  if (status !== 0) throw new Error(`gemmi: ${stderr}`);
  return stdout.trim();
}
