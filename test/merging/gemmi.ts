/** gemmi, if its Python module is installed (python3-gemmi of Debian): an independent reader of MTZ files. */
import { spawnSync } from 'node:child_process';

/** Whether gemmi is installed. */
export const gemmi = spawnSync('python3', ['-c', 'import gemmi'], { stdio: 'ignore' }).status === 0;

/** Runs a Python program with this standard input; returns what it prints. */
export function askGemmi(program: string, input = ''): string {
  const { status, stdout, stderr } = spawnSync('python3', ['-c', program], { input, encoding: 'utf8' });
  if (status !== 0) throw new Error(`gemmi: ${stderr}`);
  return stdout.trim();
}
