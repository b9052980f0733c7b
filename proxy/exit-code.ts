/** As everywhere in the bundle: 1 the service failed, 104 it was asked wrongly. */
export const exitFailed = 1;
export const exitUsage = 104;
