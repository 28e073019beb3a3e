# Any fit with clubSandwich: OLS, logit, probit, complementary log-log and Poisson of konbit_synth with an interaction, a
# factor and a transformation; marginal effects with its CR2; sandwich's two-way CR0; and konbit_synth with weights.
# Run in tests/data/reference; writes sandwich.json.
suppressPackageStartupMessages({library(clubSandwich); library(sandwich); library(jsonlite)})
d <- read.csv("konbit_synth.csv"); d$q <- factor(d$quarter); d$site <- (d$org * 5 + d$quarter * 3) %% 40; d$w <- 1 + d$org %% 3
right <- "fee * awardee + training + log1p(size + 3) + q"; inc <- c("fee", "training")
ct <- list(epsilon = 1e-14, maxit = 200); named <- function(x, n) as.list(setNames(as.numeric(x), n))
f <- function(y) as.formula(paste(y, "~", right))
fits <- list(ols = lm(f("participated"), d), logit = glm(f("participated"), binomial, d, control = ct),
  probit = glm(f("participated"), binomial("probit"), d, control = ct),
  cloglog = glm(f("participated"), binomial("cloglog"), d, control = ct),
  poisson = glm(f("attended"), poisson, d, control = ct),
  weighted_logit = glm(f("participated"), quasibinomial, d, weights = w, control = ct))
link <- function(g) if (inherits(g, "glm")) list(inv = g$family$linkinv, der = g$family$mu.eta) else list(inv = identity, der = function(e) rep(1, length(e)))
effect <- function(g, v, V) { at <- function(value) { x <- d; x[[v]] <- value; model.matrix(delete.response(terms(g)), x) }
  X1 <- at(1); X0 <- at(0); b <- coef(g); l <- link(g); e1 <- drop(X1 %*% b); e0 <- drop(X0 %*% b)
  J <- colMeans(l$der(e1) * X1 - l$der(e0) * X0); c(mean(l$inv(e1) - l$inv(e0)), sqrt(drop(t(J) %*% V %*% J))) }
slope <- function(g, V) { h <- 1e-4; at <- function(s) { x <- d; x$size <- x$size + s; model.matrix(delete.response(terms(g)), x) }
  b <- coef(g); l <- link(g); est <- function(b) { m <- function(s) mean(l$inv(drop(at(s) %*% b))); (8 * (m(h) - m(-h)) - (m(2 * h) - m(-2 * h))) / (12 * h) }
  J <- sapply(seq_along(b), function(i) { k <- replace(numeric(length(b)), i, 1e-5); (est(b + k) - est(b - k)) / 2e-5 }); c(est(b), sqrt(drop(t(J) %*% V %*% J))) }
one <- function(g) { n <- names(coef(g)); o <- list(coef = named(coef(g), n), cluster = list())
  for (t in c("CR0", "CR1", "CR1S", "CR2", "CR3")) { V <- vcovCR(g, d$org, t); s <- coef_test(g, V, test = "Satterthwaite")
    o$cluster[[paste0("se_", t)]] <- named(s$SE, n); if (t == "CR2") { o$cluster$df_CR2 <- named(s$df_Satt, n); o$cluster$p_CR2 <- named(s$p_Satt, n) } }
  V <- vcovCR(g, d$org, "CR2"); w <- Wald_test(g, constrain_zero(grep("fee|training", n)), V, test = "HTZ"); o$HTZ <- c(w$Fstat, w$df_num, w$df_denom, w$p_val)
  q <- Wald_test(g, constrain_zero(grep("^q", n)), V, test = "HTZ"); o$HTZ_q <- c(q$Fstat, q$df_num, q$df_denom, q$p_val)
  V <- as.matrix(V); o$effects <- list(fee = effect(g, "fee", V), training = effect(g, "training", V), size = slope(g, V))
  o$two_way_CR0 <- named(sqrt(diag(vcovCL(g, cluster = d[c("org", "site")], type = "HC0", cadjust = FALSE))), n); o }
write_json(list(name = "sandwich", source = "konbit_synth.csv; site = (5 org + 3 quarter) mod 40, w = 1 + org mod 3", r_version = R.version.string,
  packages = list(clubSandwich = as.character(packageVersion("clubSandwich")), sandwich = as.character(packageVersion("sandwich"))),
  models = lapply(fits, one)), "sandwich.json", auto_unbox = TRUE, digits = NA, pretty = TRUE)
