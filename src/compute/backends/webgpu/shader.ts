/** Compiles WGSL; a failure names the file and the line, through includes. */
import { EwaldError } from '../../../util/errors.js';

/** A shader module without errors. */
export async function compile(device: GPUDevice, source: string): Promise<GPUShaderModule> {
  device.pushErrorScope('validation');
  const module = device.createShaderModule({ code: source });
  const [failure, info] = await Promise.all([device.popErrorScope(), module.getCompilationInfo()]);
  const error = info.messages.find(({ type }) => type === 'error');
  if (error) {
    const { file, line } = locate(source, error.lineNum);
    const text = source.split('\n')[error.lineNum - 1]?.trim() ?? '';
    throw new EwaldError(
      'Internal',
      `the kernel does not compile: ${file}:${line}:${error.linePos}: ${error.message.split('\n')[0]} in "${text}"`,
      {
        detail: { file, line, column: error.linePos, message: error.message },
      },
    );
  }
  if (failure)
    throw new EwaldError(
      'Internal',
      `the kernel ${locate(source, 1).file} does not compile: ${failure.message.split('\n')[0]}`,
    );
  return module;
}

/**
 * The file and line where a line (from 1) of an expanded shader came from; scripts/wgsl-plugin.mjs writes `//@ file
 * line` before each piece.
 */
export function locate(source: string, lineNumber: number): { file: string; line: number } {
  const lines = source.split('\n');
  for (let i = Math.min(lineNumber, lines.length) - 1; i >= 0; i--) {
    const mark = /^\/\/@ (\S+) (\d+)$/.exec(lines[i] ?? '');
    if (mark) return { file: mark[1] ?? '', line: Number(mark[2]) + lineNumber - i - 2 };
  }
  return { file: 'shader', line: lineNumber };
}

/**
 * The parts of a file, of which a shader uses some: a line `#part NAME` begins each. Every part carries the mark of its
 * origin.
 */
export function partsOf(source: string): Readonly<Record<string, string>> {
  const parts: Record<string, string[]> = {};
  let current: string[] = [];
  for (const [i, line] of source.split('\n').entries()) {
    const name = /^#part (\w+)$/.exec(line)?.[1];
    if (name === undefined) {
      current.push(line);
      continue;
    }
    const { file, line: number } = locate(source, i + 1);
    current = [`//@ ${file} ${number + 1}`];
    parts[name] = current;
  }
  return Object.fromEntries(Object.entries(parts).map(([name, lines]) => [name, lines.join('\n')]));
}
