export function hasHeader(path: string, root?: string): boolean;
export function hasLibrary(name: string, root?: string): boolean;
export function hasBoostContext(root?: string): boolean;
