// The closed set of pictures that users choose from, apart from what draws them.
export const MAP_STYLES = ['spiral', 'linear'] as const;
export type MapStyle = (typeof MAP_STYLES)[number];
