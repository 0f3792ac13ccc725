//! Random counts: how many of how many, drawn from a seeded generator so that a run can be repeated.
//!
//! Small expectations are drawn exactly, large ones from the normal distribution that they come close to; the shop has
//! millions of requests, and nobody can tell the difference.

use fastrand::Rng;

/// Expectations above this are drawn from the normal distribution.
const LARGE: f64 = 30.0;

/// Events in a span in which `mean` are expected.
pub fn poisson(rng: &mut Rng, mean: f64) -> u64 {
    if mean > LARGE {
        return (mean + mean.sqrt() * normal(rng)).round().max(0.0) as u64;
    }
    let (limit, mut product, mut count) = ((-mean).exp(), rng.f64(), 0);
    while product > limit {
        product *= rng.f64();
        count += 1;
    }
    count
}

/// How many of `n` happen when each does with probability `p`.
pub fn binomial(rng: &mut Rng, n: u64, p: f64) -> u64 {
    if n == 0 || p <= 0.0 {
        return 0;
    }
    if p >= 1.0 {
        return n;
    }
    if p > 0.5 {
        return n - binomial(rng, n, 1.0 - p);
    }
    let mean = n as f64 * p;
    if mean > LARGE {
        let drawn = mean + (mean * (1.0 - p)).sqrt() * normal(rng);
        return (drawn.round().max(0.0) as u64).min(n);
    }
    poisson(rng, mean).min(n)
}

/// The standard normal distribution, by Box and Muller.
fn normal(rng: &mut Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.f64()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.f64()).cos()
}

/// The share of a log-normal quantity that is at most `x`.
pub fn log_normal_share(x: f64, median: f64, sigma: f64) -> f64 {
    let z = (x / median).ln() / sigma;
    0.5 * (1.0 + error_function(z / std::f64::consts::SQRT_2))
}

/// erf, to seven digits (Abramowitz and Stegun, 7.1.26).
fn error_function(x: f64) -> f64 {
    const C: [f64; 5] = [0.254_829_592, -0.284_496_736, 1.421_413_741, -1.453_152_027, 1.061_405_429];
    let t = 1.0 / (1.0 + 0.327_591_1 * x.abs());
    let polynomial = C.iter().rev().fold(0.0, |sum, c| (sum + c) * t);
    (1.0 - polynomial * (-x * x).exp()).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_the_mean_that_was_asked_for_and_stay_in_range() {
        let mut rng = Rng::with_seed(1);
        for (name, n, p) in [("rare", 1000, 0.002), ("common", 1000, 0.2), ("nearly all", 1000, 0.99), ("few", 3, 0.5)]
        {
            let draws = 4000;
            let drawn: Vec<u64> = (0..draws).map(|_| binomial(&mut rng, n, p)).collect();
            assert!(drawn.iter().all(|k| *k <= n), "{name}");
            let (mean, expected) = (drawn.iter().sum::<u64>() as f64 / f64::from(draws), n as f64 * p);
            assert!((mean - expected).abs() < 0.05 * expected + 0.2, "{name}: {mean} instead of {expected}");
        }
        let mean = (0..4000).map(|_| poisson(&mut rng, 2.5)).sum::<u64>() as f64 / 4000.0;
        assert!((mean - 2.5).abs() < 0.15, "{mean}");
    }

    #[test]
    fn the_log_normal_share_is_half_at_the_median_and_known_elsewhere() {
        assert!((log_normal_share(0.1, 0.1, 0.5) - 0.5).abs() < 1e-6);
        // One standard deviation above the median lie 15.87 %.
        assert!((log_normal_share(0.1 * 0.5f64.exp(), 0.1, 0.5) - 0.841_345).abs() < 1e-5);
        assert!(log_normal_share(0.001, 0.1, 0.5) < 1e-6);
    }
}
