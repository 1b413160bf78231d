// The calls of one entry in C (gcc) and by the header: two lists of lines.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const includes = (entry) => entry.headers.map((header) => `#include <${header}>`).join('\n');

/** `file` is a text in the program, the path of what `entry.file()` made. */
const program = (entry) => `#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
#include <stdbool.h>
${includes(entry)}
#define I(x) printf("%lld\\n", (long long)(x))
#define S(x) text((const char *)(x))
#define D(x) number(x)
#define B(x, n) bytes(x, n)
static inline void text(const char *t) { printf("%s\\n", t ? t : "null"); }
static inline void number(double x) { uint64_t bits; memcpy(&bits, &x, 8); printf("%016llx\\n", (unsigned long long)bits); }
static inline void bytes(const void *p, size_t n) { for (size_t i = 0; i < n; i++) printf("%02x", ((const unsigned char *)p)[i]); puts(""); }
${entry.before ?? ''}
int main(int count, char **arguments) {
  char *file = arguments[1]; (void)count; (void)file; setvbuf(stdout, 0, _IONBF, 0);
${entry.c}
}
`;

export async function inBoth(entry, getLibHandle) {
  const folder = mkdtempSync(join(tmpdir(), 'ewald-drawn-'));
  try {
    const [source, command, file] = ['main.c', 'main', 'data'].map((name) => join(folder, name));
    writeFileSync(source, program(entry));
    if (entry.file) writeFileSync(file, entry.file());
    const folders = (entry.folders ?? []).map((path) => `-I${path}`);
    const links = (entry.links ?? [entry.library]).map((name) => `-l${name}`);
    const flags = [
      '-g',
      '-O1',
      '-w',
      '-Werror=implicit-function-declaration',
      ...(entry.definitions ?? []),
      ...folders,
    ];
    execFileSync('gcc', [...flags, source, '-o', command, ...links], { stdio: ['ignore', 'pipe', 'pipe'] });
    const given = entry.file ? file : command;
    const c = execFileSync(command, [given], { stdio: ['ignore', 'pipe', 'pipe'] }).toString();
    const header = { source: includes(entry) };
    const { library, folders: includeDir = [], definitions = [] } = entry;
    const handle = await getLibHandle({ header, library, includeDir, definitions });
    const lines = [];
    const called = new Set();
    const lib = new Proxy(handle, {
      get(target, name) {
        if (name in handle.table.functions) called.add(name);
        return target[name];
      },
    });
    try {
      await entry.js(lib, { ...printers(lines), file: given });
    } finally {
      handle.dispose();
    }
    return { c: c.split('\n').slice(0, -1), js: lines, called: [...called] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function printers(lines) {
  const bits = new DataView(new ArrayBuffer(8));
  return {
    I: (value) => lines.push(String(BigInt(value))),
    S: (value) => lines.push(...(typeof value === 'string' ? value : (value?.text() ?? 'null')).split('\n')),
    D(value) {
      bits.setFloat64(0, value);
      lines.push(bits.getBigUint64(0).toString(16).padStart(16, '0'));
    },
    B: (array, count) => lines.push(Buffer.from(array.buffer, array.byteOffset, count).toString('hex')),
  };
}
