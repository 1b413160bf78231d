/** A tarball. */
export interface Tarball {
  readonly name: string;
  readonly file: string;
  readonly foreign: boolean;
  readonly bytes: number;
  readonly unpacked: number;
  readonly files: readonly { readonly path: string; readonly size: number; readonly mode: number }[];
}
export function packAll(
  folder: string,
  options?: { readonly only?: readonly string[]; readonly dependencies?: boolean },
): Promise<{ readonly made: readonly Tarball[]; readonly leftOut: readonly string[] }>;
export function builtAddon(entry: {
  readonly addon: string;
  readonly os: string;
  readonly cpu: string;
  readonly libc: string;
}): string | undefined;
