type Values = Record<string, string>;

export const tokensCss: (tokens: { light: Values; dark: Values; both: Values }) => string;
