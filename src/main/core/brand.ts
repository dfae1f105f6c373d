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
