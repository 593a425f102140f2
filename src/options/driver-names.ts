// How an image can be mounted: the closed set that users choose from.

export const DRIVER_NAMES = ['erofs', 'fuse', 'fuse-native'] as const;
export type DriverName = (typeof DRIVER_NAMES)[number];
