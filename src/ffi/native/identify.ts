/** Identifies the kind of a library file by its first bytes. */

const elfMachines: Record<number, string> = {
  3: 'ia32',
  8: 'mips',
  20: 'ppc',
  21: 'ppc64',
  22: 's390x',
  40: 'arm',
  62: 'x64',
  183: 'arm64',
  243: 'riscv64',
  258: 'loong64',
};
const machMachines: Record<number, string> = { 16777223: 'x64', 16777228: 'arm64', 7: 'ia32', 12: 'arm' };
const peMachines: Record<number, string> = { 34404: 'x64', 43620: 'arm64', 332: 'ia32' };

/** The kind of library in a file, and its processor. */
export function identify(bytes: Uint8Array): {
  readonly kind: 'ELF' | 'Mach-O' | 'PE' | 'wasm' | 'archive' | 'unknown';
  readonly arch?: string;
} {
  if (bytes.length < 20) return { kind: 'unknown' };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0, false);
  if (magic === 0x7f454c46) {
    const little = bytes[5] !== 2;
    return { kind: 'ELF', arch: elfMachines[view.getUint16(18, little)] ?? `machine ${view.getUint16(18, little)}` };
  }
  if (magic === 0xcffaedfe || magic === 0xcefaedfe)
    return { kind: 'Mach-O', arch: machMachines[view.getUint32(4, true)] ?? 'an unknown processor' };
  // A universal file contains several libraries, from which dyld chooses.
  if (magic === 0xcafebabe) return { kind: 'Mach-O' };
  if (magic === 0x0061736d) return { kind: 'wasm' };
  if (magic === 0x213c6172) return { kind: 'archive' };
  if (view.getUint16(0, true) === 0x5a4d && bytes.length > 0x40) {
    const header = view.getUint32(0x3c, true);
    return {
      kind: 'PE',
      arch:
        header + 6 <= bytes.length
          ? (peMachines[view.getUint16(header + 4, true)] ?? 'an unknown processor')
          : 'an unknown processor',
    };
  }
  return { kind: 'unknown' };
}
