export function buildStandIns(folder: string): void;
