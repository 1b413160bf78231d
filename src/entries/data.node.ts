/**
 * ewald/data on Node: the names of the browser build, and paths.
 *
 *     import { open } from 'ewald/data';
 *     const scan = await open('scan.mib');
 *
 * @module
 */
export * from '../data/opening.node.js';
export * from '../data/public.js';
