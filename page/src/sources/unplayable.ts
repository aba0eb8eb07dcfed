/** A video that this browser cannot show; `message` is the browser's own. */
export class Unplayable extends Error {}
