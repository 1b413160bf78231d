/** Version of the package; scripts/build.mjs refuses to bundle if package.json differs. */
export const version = '0.2.0';
