export function hashOfAddonSources(): string;
export function stampAddon(target: string, file: string, inputs: string): void;
export function isCurrentAddon(target: string, file: string): boolean;
