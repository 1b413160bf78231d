/** By what a centre is found. */
export const centreKinds = ['direct', 'background', 'pairs'] as const;
export type CentreKind = (typeof centreKinds)[number];
