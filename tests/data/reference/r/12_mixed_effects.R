# Average marginal effects of the random-intercept logit of konbit_synth, integrated over the intercept, with
# delta-method standard errors for coefficients and sd. Run in tests/data/reference; writes mixed_effects.json.
suppressPackageStartupMessages({library(lme4); library(jsonlite)})
d <- read.csv("konbit_synth.csv"); for (q in 2:4) d[[paste0("q", q)]] <- as.integer(d$quarter == q)
inc <- c("fee", "training", "data_access", "networking", "recognition", "travel", "childcare", "awardee")
fm <- as.formula(paste("participated ~", paste(c(inc, "size", "q2", "q3", "q4"), collapse = "+"), "+ (1 | org)"))
gm <- glmer(fm, d, binomial, nAGQ = 25, control = glmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9, maxfun = 1e5)))
X <- model.matrix(gm); par <- c(getME(gm, "theta"), fixef(gm)); V <- solve(gm@optinfo$derivs$Hessian / 2)
over <- function(f) integrate(Vectorize(function(u) f(u) * dnorm(u)), -9, 9, rel.tol = 1e-10)$value
effect <- function(p, v) { s <- p[1]; b <- p[-1]; e <- drop(X %*% b)
  if (v == "size") return(b[["size"]] * over(function(u) mean(dlogis(e + s * u))))
  X1 <- X0 <- X; X1[, v] <- 1; X0[, v] <- 0; e1 <- drop(X1 %*% b); e0 <- drop(X0 %*% b)
  over(function(u) mean(plogis(e1 + s * u) - plogis(e0 + s * u))) }
gradient <- function(v) sapply(seq_along(par), function(i) { h <- replace(numeric(length(par)), i, 1e-5)
  (effect(par + h, v) - effect(par - h, v)) / 2e-5 })
out <- lapply(setNames(nm = c(inc, "size")), function(v) { g <- gradient(v)
  list(est = effect(par, v), se = sqrt(drop(g %*% V %*% g))) })
write_json(list(name = "mixed_effects", r_version = R.version.string, packages = list(lme4 = as.character(packageVersion("lme4"))),
  models = list(glmer_ame = out)), "mixed_effects.json", auto_unbox = TRUE, digits = NA, pretty = TRUE)
