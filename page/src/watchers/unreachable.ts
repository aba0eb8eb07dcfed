/** A server that does not answer, or has gone. */
export class Unreachable extends Error {}
