/** A string that only the code that checked it can make. `Brand<string, 'PeerId'>` is never assignable from a plain string. */
declare const brand: unique symbol
export type Brand<T, Name extends string> = T & { readonly [brand]: Name }

/** An identity's id on a relay: a UUID for our own; for a peer any text of 1 to 256 UTF-16 units, opaque. */
export type PeerId = Brand<string, 'PeerId'>
/** Ed25519 public key, 64 lower-case hex digits. */
export type SignPub = Brand<string, 'SignPub'>
/** X25519 public key, 64 lower-case hex digits. */
export type KxPub = Brand<string, 'KxPub'>
/** Name of a profile: a plain file name, 1 to 64 characters. */
export type ProfileName = Brand<string, 'ProfileName'>
/** A tick of 777 ms since 1970, decimal digits without leading zeros, at most 18 of them. */
export type Zeqond = Brand<string, 'Zeqond'>
/** A row's `stateHash`, which commits to the row and to all before it: 64 lower-case hex digits. */
export type RowHash = Brand<string, 'RowHash'>
/** The real name of a machine: hash of its origin, first tick and first keys; 64 lower-case hex digits. */
export type Genesis = Brand<string, 'Genesis'>
