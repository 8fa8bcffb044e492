/** Normalised difference vegetation index, (near infrared - red) / (near infrared + red); NaN where both are 0, as outside of the swath. */
export function ndviOf(red, nir) {
  const result = new Float32Array(red.length);
  for (let index = 0; index < red.length; index++) {
    const sum = nir[index] + red[index];
    result[index] = sum === 0 ? NaN : (nir[index] - red[index]) / sum;
  }
  return result;
}

/** Of the pixels that have a value; null where there is none. */
export function statisticsOf(values) {
  let count = 0;
  let sum = 0;
  let min = Infinity;
  let max = -Infinity;
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    count++;
    sum += value;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  if (count === 0) return null;
  const mean = sum / count;
  let squares = 0;
  for (const value of values) if (!Number.isNaN(value)) squares += (value - mean) ** 2;
  return { min, mean, max, stddev: Math.sqrt(squares / count), count };
}
