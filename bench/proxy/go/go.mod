module gatehouse/bench/proxy

go 1.26.0
